// SPDX-License-Identifier: Apache-2.0
import { backend } from '@tensorflow/tfjs-core';

import { Optimizer } from './optimizer.js';

const epsilonOr = (epsilon) => epsilon ?? backend().epsilon();

/** The constructors of tf.train, with its arguments and defaults. */
export const train = {
  sgd(learningRate, options = {}) {
    return new Optimizer('sgd', { lr: learningRate }, options);
  },

  momentum(learningRate, momentum, useNesterov = false, options = {}) {
    // Without momentum, Nesterov's formula is that of plain SGD.
    const nesterov = useNesterov && momentum !== 0;
    return new Optimizer('sgd', { lr: learningRate, momentum, nesterov }, options);
  },

  adagrad(learningRate, initialAccumulatorValue = 0.1, options = {}) {
    const values = {
      lr: learningRate,
      initial_accumulator_value: initialAccumulatorValue,
      eps: backend().epsilon(),
      eps_inside: true,
    };
    return new Optimizer('adagrad', values, options);
  },

  adadelta(learningRate = 0.001, rho = 0.95, epsilon = null, options = {}) {
    const values = { lr: learningRate, rho, eps: epsilonOr(epsilon) };
    return new Optimizer('adadelta', values, options);
  },

  adam(learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = null, options = {}) {
    const values = { lr: learningRate, beta1, beta2, eps: epsilonOr(epsilon) };
    return new Optimizer('adam', values, options);
  },

  rmsprop(learningRate, decay = 0.9, momentum = 0, epsilon = null, centered = false, options = {}) {
    const values = {
      lr: learningRate,
      alpha: decay,
      momentum,
      eps: epsilonOr(epsilon),
      eps_inside: true,
      centered,
    };
    return new Optimizer('rmsprop', values, options);
  },
};
