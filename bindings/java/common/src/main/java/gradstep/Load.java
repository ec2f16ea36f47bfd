// SPDX-License-Identifier: Apache-2.0
package gradstep;

/** What a load of a checkpoint may do beside loading the state. */
public enum Load {
  /** Load the params too. */
  PARAMS(C.CHECKPOINT_PARAMS),
  /** Load the tensors that fit, and no others. */
  PARTIAL(C.CHECKPOINT_PARTIAL),
  /** Load no settings. */
  KEEP_SETTINGS(C.CHECKPOINT_KEEP_SETTINGS),
  /** Groups and rules may differ; tensors and slots are matched by name. */
  ANY_GROUP(C.CHECKPOINT_ANY_GROUP),
  /** What the file lacks starts afresh. */
  START_MISSING(C.CHECKPOINT_START_MISSING);

  final long flag;

  Load(long flag) {
    this.flag = flag;
  }
}
