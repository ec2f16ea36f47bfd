// SPDX-License-Identifier: Apache-2.0
use std::sync::{Arc, Mutex};

use burn_core::tensor::{DType, Device, Element, Tensor, TensorData};
use burn_optim::{LearningRate, ModuleOptimizer, Optimizer};
use gradstep::{
    Context, Dtype, Error, ErrorKind, Result, Rule, Shape, State, StepOptions, apply,
    shared_scalars,
};

use crate::state::GradstepState;

/// A rule of the library for burn's `ModuleOptimizer`. The learning rate is that of each step.
///
/// Params are f32, f64, bf16 or f16, and their gradients of the same dtype. A step writes a param in place
/// if nobody else has its tensor, on a backend of the CPU; otherwise a copy of it. As burn's optimizers, a
/// step panics where it cannot go on; the message is the library's sentence.
#[derive(Debug)]
pub struct Gradstep {
    rule: Mutex<Rule>, // its lr is set in each step
    slot_dtype: Option<Dtype>,
    context: Arc<Context>,
}

impl Gradstep {
    /// The rule, on the process's shared context.
    ///
    /// Fails for a rule that sums over all params (prodigy): burn steps each param on its own.
    pub fn new(rule: Rule) -> Result<Self> {
        rule.check()?;
        if !shared_scalars(&rule)?.is_empty() {
            let sentence = format!(
                "rule {:?} sums over all params; burn steps each param on its own",
                rule.info().name
            );
            return Err(Error::new(ErrorKind::Unsupported, sentence));
        }
        Ok(Self {
            rule: Mutex::new(rule),
            slot_dtype: None,
            context: Context::shared()?,
        })
    }

    /// The dtype that is wanted for slots: bfloat16 halves the memory of the state, and each of the 8-bit
    /// dtypes means the one that suits a slot.
    #[must_use]
    pub fn slot_dtype(mut self, dtype: Dtype) -> Self {
        self.slot_dtype = Some(dtype);
        self
    }

    /// The threads of steps.
    #[must_use]
    pub fn context(mut self, context: Arc<Context>) -> Self {
        self.context = context;
        self
    }

    /// The optimizer of a whole module.
    pub fn init(self) -> ModuleOptimizer {
        self.into()
    }

    fn make_step<E: Element + gradstep::Element, const D: usize>(
        &self,
        lr: LearningRate,
        param: &mut TensorData,
        grad: &TensorData,
        before: Option<GradstepState<D>>,
    ) -> Result<GradstepState<D>> {
        let shape = shape_of(param);
        let param = param.as_mut_slice::<E>().map_err(unreadable)?;
        let grad = grad.as_slice::<E>().map_err(unreadable)?;
        let mut rule = self
            .rule
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if rule.get("lr")? != lr {
            rule.set("lr", lr)?;
        }
        let afresh = || State::with_slots(&rule, shape, param, self.slot_dtype);
        let (mut state, steps) = match before {
            None => (afresh()?, 0),
            Some(before) => before.into_parts(&rule, afresh)?,
        };
        let tensor = gradstep::Tensor::new(param, grad, &mut state)?;
        let options = StepOptions::step(steps + 1);
        apply(&self.context, &rule, &mut [tensor], options)?;
        Ok(GradstepState::new(state, steps + 1))
    }
}

impl Clone for Gradstep {
    fn clone(&self) -> Self {
        let rule = self
            .rule
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        Self {
            rule: Mutex::new(rule.clone()),
            slot_dtype: self.slot_dtype,
            context: self.context.clone(),
        }
    }
}

impl Optimizer for Gradstep {
    type State<const D: usize> = GradstepState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let device = tensor.device();
        let (mut param, grad) = (tensor.into_data(), grad.into_data());
        let dtype = param.dtype();
        assert_eq!(
            grad.dtype(),
            dtype,
            "the dtypes of a gradient and its param"
        );
        assert_eq!(
            grad.shape(),
            param.shape(),
            "the shapes of a gradient and its param"
        );
        let state = match dtype {
            DType::F32 => self.make_step::<f32, D>(lr, &mut param, &grad, state),
            DType::F64 => self.make_step::<f64, D>(lr, &mut param, &grad, state),
            DType::BF16 => {
                self.make_step::<burn_core::tensor::bf16, D>(lr, &mut param, &grad, state)
            }
            DType::F16 => self.make_step::<burn_core::tensor::f16, D>(lr, &mut param, &grad, state),
            other => panic!("a param is {other:?}; gradstep steps F32, F64, BF16 and F16"),
        };
        match state {
            Ok(state) => (Tensor::from_data(param, (&device, dtype)), Some(state)),
            Err(error) => panic!("{error}"),
        }
    }

    /// The state is in the memory of the host, whatever the device.
    fn to_device<const D: usize>(state: Self::State<D>, _device: &Device) -> Self::State<D> {
        state
    }
}

/// The matrices of a param are its last two dimensions.
fn shape_of(param: &TensorData) -> Shape {
    let count = param.num_elements();
    match param.shape().as_slice() {
        [.., rows, columns] if *rows > 0 && *columns > 0 => {
            Shape::matrices(count / (rows * columns), *rows, *columns)
        }
        _ => Shape::flat(count),
    }
}

fn unreadable(error: impl std::fmt::Debug) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("burn does not lend the elements: {error:?}"),
    )
}
