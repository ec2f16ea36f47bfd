// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** Named values of a rule or a schedule. */
abstract sealed class Hyperparameters extends Resource permits Rule, Schedule {
  private final String calls; // "gradstep_rule"

  /** Without a handle, which a subclass makes. */
  Hyperparameters(String what) {
    calls = "gradstep_" + what;
  }

  Hyperparameters(String what, String argument, String name) {
    this(what);
    try (Scope scope = new Scope()) {
      long text = scope.text(argument, name);
      handle =
          Handle.create(
              this,
              what,
              Handle.Needs.NOTHING,
              (none, into) -> Library.call(scope, calls + "_create", text, into));
    }
  }

  void setValue(String name, double value) {
    try (Scope scope = new Scope()) {
      long text = scope.text("name", name);
      use(h -> Library.call(scope, calls + "_set", h, text, Library.bits(value)));
    }
  }

  /** The value of a hyper-parameter. */
  public double get(String name) {
    try (Scope scope = new Scope()) {
      long text = scope.text("name", name);
      Block value = scope.block(8);
      use(h -> Library.call(scope, calls + "_get", h, text, value.address()));
      return value.getDouble(0);
    }
  }

  /** Checks that the hyper-parameters go together; every step does too. */
  public void check() {
    use(h -> Library.call(calls + "_check", h));
  }

  /** Frees it. Optimizers have copies. */
  @Override
  public void close() {
    super.close();
  }
}
