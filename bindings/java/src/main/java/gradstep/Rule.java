// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** An update formula with a value for each of its hyper-parameters: see {@link Gradstep#rules}. */
public final class Rule extends Hyperparameters {
  /** A rule with every hyper-parameter at its default. */
  public Rule(String name) {
    super("rule", "rule_name", name);
  }

  /** Sets a hyper-parameter; a flag is 0 or 1. */
  public Rule set(String name, double value) {
    setValue(name, value);
    return this;
  }
}
