// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class VirtualThreadsTest {
  @Test
  void manyVirtualThreads() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      MisuseTest.expectNoMixing(threads);
    }
  }
}
