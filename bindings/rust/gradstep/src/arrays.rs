// SPDX-License-Identifier: Apache-2.0
//! The arrays of an optimizer's tensors.
use std::ffi::CStr;
use std::ptr;

use gradstep_sys as sys;

use crate::element::Element;
use crate::error::{Error, Result, c_text, check};
use crate::optimizer::{Optimizer, Place, TensorArrays, TensorId};

impl Optimizer {
    /// The elements of a param, whose type is P.
    pub fn param<P: Element>(&self, tensor: TensorId) -> Result<&[P]> {
        self.arrays(tensor)?.param.slice("param")
    }

    /// As `param`, to change it.
    pub fn param_mut<P: Element>(&mut self, tensor: TensorId) -> Result<&mut [P]> {
        self.arrays_mut(tensor)?.param.slice_mut("param")
    }

    /// The elements of a gradient, whose type is G.
    pub fn grad<G: Element>(&self, tensor: TensorId) -> Result<&[G]> {
        self.arrays(tensor)?.grad.slice("grad")
    }

    /// As `grad`, to write it.
    pub fn grad_mut<G: Element>(&mut self, tensor: TensorId) -> Result<&mut [G]> {
        self.arrays_mut(tensor)?.grad.slice_mut("grad")
    }

    /// A param, and its gradient to write.
    pub fn param_and_grad<P: Element, G: Element>(
        &mut self,
        tensor: TensorId,
    ) -> Result<(&[P], &mut [G])> {
        let arrays = self.arrays_mut(tensor)?;
        Ok((arrays.param.slice("param")?, arrays.grad.slice_mut("grad")?))
    }

    /// The param in the dtype that the tensor's options asked for.
    pub fn copy<C: Element>(&self, tensor: TensorId) -> Result<&[C]> {
        let array = self.arrays(tensor)?.copy.as_ref();
        array
            .ok_or_else(|| Error::invalid("the tensor has no copy"))?
            .slice("copy")
    }

    /// The moving average of the param: f64 beside a param of f64, otherwise f32.
    pub fn average<A: Element>(&self, tensor: TensorId) -> Result<&[A]> {
        let array = self.arrays(tensor)?.average.as_ref();
        array
            .ok_or_else(|| Error::invalid("the tensor has no average"))?
            .slice("average")
    }

    /// Whether the tensor takes part in steps by its gradient. Without one, a step changes none of the
    /// tensor's arrays, nor its step count.
    pub fn set_has_grad(&mut self, tensor: TensorId, has_grad: bool) -> Result<()> {
        let grad = self.arrays(tensor)?.grad.array().data;
        let grad = if has_grad { grad } else { ptr::null_mut() };
        // SAFETY: the pointers are valid, as they are below.
        check(unsafe { sys::gradstep_optimizer_set_grad(self.as_ptr(), tensor.0, grad) })
    }

    /// Adds the gradient, times scale, to the tensor's sum, which the next step uses in its place.
    pub fn accumulate(&mut self, tensor: TensorId, scale: f64) -> Result<()> {
        check(unsafe { sys::gradstep_optimizer_accumulate(self.as_ptr(), tensor.0, scale) })
    }

    /// A tensor's array as numbers: a slot ("exp_avg"), "param", "average" or "accumulated_grad".
    pub fn read_array(&self, tensor: TensorId, name: &str) -> Result<Vec<f64>> {
        let (array, count) = self.find_array(tensor, name)?;
        let mut values = vec![0.0; count];
        check(unsafe { sys::gradstep_array_read(&array, count, values.as_mut_ptr()) })?;
        Ok(values)
    }

    /// Replaces the numbers of such an array, rounded to its dtype.
    pub fn write_array(&mut self, tensor: TensorId, name: &str, values: &[f64]) -> Result<()> {
        let (array, count) = self.find_array(tensor, name)?;
        if values.len() != count {
            return Err(Error::invalid(format!(
                "there are {} values; {name:?} has {count} elements",
                values.len()
            )));
        }
        check(unsafe { sys::gradstep_array_write(&array, count, values.as_ptr()) })
    }

    /// A single number of the state of a tensor's rule: "d" of prodigy.
    pub fn scalar(&self, tensor: TensorId, name: &str) -> Result<f64> {
        let name = c_text("name", name)?;
        let mut value = 0.0;
        check(unsafe {
            sys::gradstep_optimizer_get_scalar(self.as_ptr(), tensor.0, name.as_ptr(), &mut value)
        })?;
        Ok(value)
    }

    /// Replaces such a number.
    pub fn set_scalar(&mut self, tensor: TensorId, name: &str, value: f64) -> Result<()> {
        let name = c_text("name", name)?;
        check(unsafe {
            sys::gradstep_optimizer_set_scalar(self.as_ptr(), tensor.0, name.as_ptr(), value)
        })
    }

    /// Copies the param, as it is now, to the average.
    pub fn start_average(&mut self, tensor: TensorId) -> Result<()> {
        check(unsafe { sys::gradstep_optimizer_start_average(self.as_ptr(), tensor.0) })
    }

    /// Removes a tensor. Its name is free again, its id is not used again.
    pub fn remove(&mut self, tensor: TensorId) -> Result<()> {
        check(unsafe { sys::gradstep_optimizer_remove_tensor(self.as_ptr(), tensor.0) })?;
        self.tensors[tensor.0] = Place::Removed; // after the library has let go of it
        Ok(())
    }

    /// The tensor of this name.
    pub fn find_tensor(&self, name: &str) -> Result<TensorId> {
        let name = c_text("name", name)?;
        let mut index = 0;
        check(unsafe {
            sys::gradstep_optimizer_find_tensor(self.as_ptr(), name.as_ptr(), &mut index)
        })?;
        Ok(TensorId(index))
    }

    /// The tensors, in the order of adding.
    pub fn tensors(&self) -> impl Iterator<Item = TensorId> + '_ {
        let places = self.tensors.iter().enumerate();
        places
            .filter(|(_, place)| !matches!(place, Place::Removed))
            .map(|(index, _)| TensorId(index))
    }

    /// The name of a tensor.
    pub fn tensor_name(&self, tensor: TensorId) -> Result<String> {
        let info = self.describe_tensor(tensor)?;
        // SAFETY: the optimizer keeps the name, whose bytes were a str.
        Ok(unsafe { CStr::from_ptr(info.name) }
            .to_string_lossy()
            .into_owned())
    }

    pub(crate) fn describe_tensor(&self, tensor: TensorId) -> Result<sys::gradstep_tensor_info> {
        let mut info = sys::gradstep_tensor_info::default();
        check(unsafe {
            sys::gradstep_optimizer_describe_tensor(self.as_ptr(), tensor.0, &mut info)
        })?;
        Ok(info)
    }

    fn find_array(&self, tensor: TensorId, name: &str) -> Result<(sys::gradstep_array, usize)> {
        let name = c_text("array_name", name)?;
        let (mut array, mut count) = (sys::gradstep_array::default(), 0);
        check(unsafe {
            sys::gradstep_optimizer_get_array(
                self.as_ptr(),
                tensor.0,
                name.as_ptr(),
                &mut array,
                &mut count,
            )
        })?;
        Ok((array, count))
    }

    fn arrays(&self, tensor: TensorId) -> Result<&TensorArrays> {
        match self.tensors.get(tensor.0) {
            Some(Place::Owned(arrays)) => Ok(arrays),
            _ => Err(self.no_arrays(tensor)),
        }
    }

    pub(crate) fn arrays_mut(&mut self, tensor: TensorId) -> Result<&mut TensorArrays> {
        if !matches!(self.tensors.get(tensor.0), Some(Place::Owned(_))) {
            return Err(self.no_arrays(tensor));
        }
        match &mut self.tensors[tensor.0] {
            Place::Owned(arrays) => Ok(arrays),
            _ => unreachable!("it was owned"),
        }
    }

    /// Why the optimizer does not own arrays of this tensor.
    fn no_arrays(&self, tensor: TensorId) -> Error {
        match self.tensor_name(tensor) {
            Ok(name) => Error::invalid(format!(
                "the arrays of tensor {name:?} are the host's, which has lent them"
            )),
            Err(missing) => missing, // the library's sentence
        }
    }
}
