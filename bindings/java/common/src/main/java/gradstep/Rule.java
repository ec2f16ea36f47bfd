// SPDX-License-Identifier: Apache-2.0
package gradstep;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** An update formula with a value for each of its hyper-parameters: see {@link Gradstep#rules}. */
public final class Rule extends Hyperparameters {
  private static final Map<String, Gradstep.RuleInfo> INFOS = new ConcurrentHashMap<>();

  private final String name;
  private volatile Object version = new Object();

  /** A rule with every hyper-parameter at its default. */
  public Rule(String name) {
    super("rule", "rule_name", name);
    this.name = name;
  }

  /** Sets a hyper-parameter; a flag is 0 or 1. */
  public Rule set(String name, double value) {
    setValue(name, value);
    version = new Object();
    return this;
  }

  /** Another object after each change. */
  Object version() {
    return version;
  }

  /** What the rule is. */
  public Gradstep.RuleInfo info() {
    return INFOS.computeIfAbsent(name, Gradstep::rule);
  }
}
