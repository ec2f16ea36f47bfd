// SPDX-License-Identifier: Apache-2.0
//! Checkpoints: safetensors files that every language's package reads.
use std::ffi::{CStr, CString};
use std::path::Path;
use std::ptr;

use gradstep_sys as sys;

use crate::error::{Error, Result, c_text, check};
use crate::optimizer::Optimizer;

/// What is loaded from a checkpoint, and what may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct LoadOptions {
    flags: u64,
}

impl LoadOptions {
    /// State and settings, for an optimizer with the same groups and tensors.
    pub fn new() -> Self {
        Self::default()
    }
    /// The params too.
    pub fn params(self) -> Self {
        self.flag(sys::GRADSTEP_CHECKPOINT_PARAMS)
    }
    /// The tensors that fit, and no others.
    pub fn partial(self) -> Self {
        self.flag(sys::GRADSTEP_CHECKPOINT_PARTIAL)
    }
    /// No settings.
    pub fn keep_settings(self) -> Self {
        self.flag(sys::GRADSTEP_CHECKPOINT_KEEP_SETTINGS)
    }
    /// Groups and rules may differ; tensors and slots are matched by name.
    pub fn any_group(self) -> Self {
        self.flag(sys::GRADSTEP_CHECKPOINT_ANY_GROUP)
    }
    /// What the file lacks starts afresh.
    pub fn start_missing(self) -> Self {
        self.flag(sys::GRADSTEP_CHECKPOINT_START_MISSING)
    }
    fn flag(mut self, flag: u64) -> Self {
        self.flags |= flag;
        self
    }
}

/// What a load has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadResult {
    /// Tensors of the optimizer whose state was loaded.
    pub loaded_count: usize,
    /// Tensors of the optimizer that the file lacks, or that do not fit.
    pub missing_count: usize,
    /// Tensors of the file that were not loaded.
    pub extra_count: usize,
}

impl Optimizer {
    /// Writes the whole state, with the params if `with_params`. The file is replaced as a whole or not
    /// at all.
    pub fn save(&self, path: impl AsRef<Path>, with_params: bool) -> Result<()> {
        let path = c_path(path.as_ref())?;
        // SAFETY: the pointers are valid, as they are below.
        check(unsafe {
            sys::gradstep_optimizer_save(self.as_ptr(), path.as_ptr(), flags_of(with_params))
        })
    }

    /// The bytes that `save` would write.
    pub fn save_to_vec(&self, with_params: bool) -> Result<Vec<u8>> {
        let mut options = sys::gradstep_save_options {
            flags: flags_of(with_params),
            ..Default::default()
        };
        let mut size = 0;
        check(unsafe { sys::gradstep_optimizer_save_to(self.as_ptr(), &options, &mut size) })?;
        let mut bytes = vec![0u8; size as usize];
        options.memory = bytes.as_mut_ptr().cast();
        options.memory_size = bytes.len();
        check(unsafe { sys::gradstep_optimizer_save_to(self.as_ptr(), &options, &mut size) })?;
        bytes.truncate(size as usize);
        Ok(bytes)
    }

    /// Loads what a save has written. On a failure nothing has changed.
    pub fn load(&mut self, path: impl AsRef<Path>, options: LoadOptions) -> Result<LoadResult> {
        let path = c_path(path.as_ref())?;
        let from = sys::gradstep_load_options {
            path: path.as_ptr(),
            ..Default::default()
        };
        self.load_from(from, options)
    }

    /// Loads the bytes of a checkpoint.
    pub fn load_from_slice(&mut self, bytes: &[u8], options: LoadOptions) -> Result<LoadResult> {
        let from = sys::gradstep_load_options {
            memory: bytes.as_ptr().cast(),
            memory_size: bytes.len(),
            ..Default::default()
        };
        self.load_from(from, options)
    }

    fn load_from(
        &mut self,
        mut from: sys::gradstep_load_options,
        options: LoadOptions,
    ) -> Result<LoadResult> {
        from.flags = options.flags;
        let mut result = sys::gradstep_load_result::default();
        check(unsafe { sys::gradstep_optimizer_load_from(self.as_ptr(), &from, &mut result) })?;
        Ok(LoadResult {
            loaded_count: result.loaded_count,
            missing_count: result.missing_count,
            extra_count: result.extra_count,
        })
    }

    /// Sets a text that checkpoints hold beside the state; None removes it.
    pub fn set_note(&mut self, name: &str, text: Option<&str>) -> Result<()> {
        let name = c_text("name", name)?;
        let text = text.map(|text| c_text("text", text)).transpose()?;
        let text = text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
        check(unsafe { sys::gradstep_optimizer_set_note(self.as_ptr(), name.as_ptr(), text) })
    }

    /// A text that was set or loaded.
    pub fn note(&self, name: &str) -> Result<String> {
        let name = c_text("name", name)?;
        let mut text = ptr::null();
        check(unsafe {
            sys::gradstep_optimizer_get_note(self.as_ptr(), name.as_ptr(), &mut text)
        })?;
        Ok(unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned())
    }

    /// The names of the notes.
    pub fn note_names(&self) -> Vec<String> {
        let mut count = 0;
        check(unsafe { sys::gradstep_optimizer_note_count(self.as_ptr(), &mut count) })
            .expect("notes can be counted");
        let name_at = |index| {
            let (mut name, mut text) = (ptr::null(), ptr::null());
            check(unsafe {
                sys::gradstep_optimizer_note_at(self.as_ptr(), index, &mut name, &mut text)
            })
            .expect("the index is below the count");
            unsafe { CStr::from_ptr(name) }
                .to_string_lossy()
                .into_owned()
        };
        (0..count).map(name_at).collect()
    }
}

fn flags_of(with_params: bool) -> u64 {
    if with_params {
        sys::GRADSTEP_CHECKPOINT_PARAMS
    } else {
        0
    }
}

fn c_path(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| {
        Error::invalid(format!(
            "path {path:?} contains a zero byte; none is allowed"
        ))
    })
}
