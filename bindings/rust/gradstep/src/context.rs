// SPDX-License-Identifier: Apache-2.0
use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex};

use gradstep_sys as sys;

use crate::error::{Result, c_text, check};

/// The threads and the instruction set of steps. It never changes, and any number of threads may use
/// it at the same time.
#[derive(Debug)]
pub struct Context {
    handle: NonNull<sys::gradstep_context>,
    _pool: Option<Box<HostPool>>, // the library keeps its address
}

// SAFETY: the C interface allows any calls on a context at the same time.
unsafe impl Send for Context {}
unsafe impl Sync for Context {}

impl Context {
    /// A context with a thread for each CPU of the process, or as many as GRADSTEP_THREADS says.
    pub fn new() -> Result<Self> {
        ContextOptions::default().create()
    }

    /// The context that optimizers share which are given none: one for the process, and another for a
    /// process that has been forked.
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Mutex<Option<(u32, Arc<Context>)>> = Mutex::new(None);
        let mut shared = SHARED
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let process = std::process::id();
        if let Some((of, context)) = &*shared
            && *of == process
        {
            return Ok(context.clone());
        }
        let context = Arc::new(Self::new()?);
        if let Some((_, inherited)) = shared.replace((process, context.clone())) {
            std::mem::forget(inherited); // the parent's threads are not here to be ended
        }
        Ok(context)
    }

    /// The instruction set in use: "avx2".
    pub fn isa(&self) -> &'static str {
        // SAFETY: the library's name, which is static.
        unsafe { CStr::from_ptr(self.describe().isa) }
            .to_str()
            .expect("names are ASCII")
    }

    /// The most threads that work on a step.
    pub fn threads(&self) -> usize {
        self.describe().thread_count
    }

    fn describe(&self) -> sys::gradstep_context_info {
        let mut info = sys::gradstep_context_info::default();
        // SAFETY: both pointers are valid.
        check(unsafe { sys::gradstep_context_describe(self.as_ptr(), &mut info) })
            .expect("a context can be described");
        info
    }

    pub(crate) fn as_ptr(&self) -> *const sys::gradstep_context {
        self.handle.as_ptr()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: nobody else has the handle, so no call uses it.
        unsafe { sys::gradstep_context_destroy(self.handle.as_ptr()) }
    }
}

type RunAll = dyn Fn(usize, &(dyn Fn(usize) + Sync)) + Send + Sync;

struct HostPool(Box<RunAll>);

impl std::fmt::Debug for HostPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HostPool")
    }
}

/// How a [`Context`] is to be created.
#[derive(Debug, Default)]
#[must_use]
pub struct ContextOptions {
    threads: usize,
    isa: Option<String>,
    serial_below: Option<usize>,
    pool: Option<Box<HostPool>>,
    flags: u64,
}

impl ContextOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most threads that work on a step: 1 to 1024. 0: one for each CPU of the process.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// The instruction set: see [`crate::instruction_sets`].
    pub fn isa(mut self, isa: &str) -> Self {
        self.isa = Some(isa.to_owned());
        self
    }

    /// A step of fewer elements than this runs on the calling thread alone.
    pub fn serial_below(mut self, elements: usize) -> Self {
        self.serial_below = Some(elements);
        self.flags |= sys::GRADSTEP_CONTEXT_SERIAL_BELOW;
        self
    }

    /// Steps treat denormal numbers as zero.
    pub fn flush_to_zero(mut self) -> Self {
        self.flags |= sys::GRADSTEP_CONTEXT_FLUSH_TO_ZERO;
        self
    }

    /// Steps run on the host's threads: `run(count, task)` calls `task(i)` once for each i below count,
    /// on any threads, and returns after the calls have. If it panics, or leaves tasks out, the step is
    /// complete nevertheless.
    pub fn pool(
        mut self,
        run: impl Fn(usize, &(dyn Fn(usize) + Sync)) + Send + Sync + 'static,
    ) -> Self {
        self.pool = Some(Box::new(HostPool(Box::new(run))));
        self
    }

    /// Steps run on rayon's threads: those of the pool that the calling thread is in, or the global one.
    #[cfg(feature = "rayon")]
    pub fn rayon(self) -> Self {
        use rayon::prelude::*;
        self.pool(|count, task| (0..count).into_par_iter().with_max_len(1).for_each(task))
    }

    /// Creates the context.
    pub fn create(self) -> Result<Context> {
        let isa = self
            .isa
            .as_deref()
            .map(|isa| c_text("isa", isa))
            .transpose()?;
        let mut options = sys::gradstep_context_options {
            flags: self.flags,
            thread_count: self.threads,
            isa: isa.as_ref().map_or(ptr::null(), |isa| isa.as_ptr()),
            serial_below: self.serial_below.unwrap_or(0),
            ..Default::default()
        };
        if let Some(pool) = &self.pool {
            options.parallel_for = Some(run_on_pool);
            options.pool = ptr::from_ref::<HostPool>(pool).cast_mut().cast();
        }
        let mut handle = ptr::null_mut();
        // SAFETY: the options are valid during the call, and the pool lives as long as the context.
        check(unsafe { sys::gradstep_context_create(&options, &mut handle) })?;
        let handle = NonNull::new(handle).expect("a created context");
        Ok(Context {
            handle,
            _pool: self.pool,
        })
    }
}

/// # Safety
/// `pool` is the address of a HostPool; `task` and `argument` are the library's.
unsafe extern "C" fn run_on_pool(
    pool: *mut c_void,
    count: usize,
    task: sys::gradstep_task,
    argument: *mut c_void,
) {
    struct Argument(*mut c_void);
    // SAFETY: the library calls the task on any thread.
    unsafe impl Sync for Argument {}
    let argument = Argument(argument);
    let argument = &argument;
    // SAFETY: the caller's promise.
    let pool = unsafe { &*pool.cast::<HostPool>() };
    // A panic must not cross the library, which does the work that is left.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: index is below count.
        (pool.0)(count, &|index| {
            if index < count {
                unsafe { task(argument.0, index) }
            }
        });
    }));
}
