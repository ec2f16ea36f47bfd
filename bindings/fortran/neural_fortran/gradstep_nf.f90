! SPDX-License-Identifier: Apache-2.0
!
!> neural-fortran's optimizers by gradstep. sgd, adam, rmsprop and adagrad have the arguments, the
!> defaults and the formulas of neural-fortran's own; gradstep_optimizer takes any rule.
module gradstep_nf
  use, intrinsic :: iso_fortran_env, only: real64
  use gradstep, only: rule_type, state_type, text_type
  use nf_optimizers, only: optimizer_base_type
  implicit none
  private
  public :: adagrad, adam, gradstep_nf_type, gradstep_optimizer, rmsprop, sgd

  !> The optimizer of one layer. A step has the learning_rate that the optimizer has at that time.
  !> Each array of a layer (weights, biases) has a state and a step count of its own. The arrays come
  !> flat, so rules that look at rows and columns take them as vectors.
  type, extends(optimizer_base_type) :: gradstep_nf_type
    character(len=:), allocatable :: rule
    type(text_type), allocatable :: names(:) !! of hyper-parameters other than the learning rate
    real(real64), allocatable :: values(:)
    type(state_type), allocatable :: states(:) !! in the order in which the layer passes its arrays
    integer, private :: num_params = 0
    integer, private :: begun = 0 !! elements of the layer that this step has passed
    integer, private :: part = 0 !! the array that came last
  contains
    procedure :: get_name
    procedure :: init
    procedure :: minimize
    procedure :: next_part
    procedure :: set
    procedure :: make_rule
    procedure :: write_state
    procedure :: read_state
  end type gradstep_nf_type

  interface
    !> One step of one array. minimize has to be pure, and what calls C is not; so the procedure
    !> (gradstep_nf_step.f90) is outside of this module, and declared as pure here. It changes its
    !> arguments only.
    pure subroutine gradstep_nf_step(self, count, param, gradient)
      import :: gradstep_nf_type
      class(gradstep_nf_type), intent(inout) :: self
      integer, intent(in) :: count
      real, intent(inout) :: param(count)
      real, intent(in) :: gradient(count)
    end subroutine gradstep_nf_step
  end interface

contains

  !> An optimizer with a rule of gradstep's; set sets its hyper-parameters. An unknown name or a value
  !> out of range stops the program with a sentence, as neural-fortran does.
  function gradstep_optimizer(rule, learning_rate) result(optimizer)
    character(len=*), intent(in) :: rule
    real, intent(in), optional :: learning_rate
    type(gradstep_nf_type) :: optimizer

    optimizer%rule = rule
    if (present(learning_rate)) optimizer%learning_rate = learning_rate
    allocate (optimizer%names(0), optimizer%values(0), optimizer%states(0))
    call expect_rule(optimizer)
  end function gradstep_optimizer

  !> Sets a hyper-parameter other than lr, which is the learning_rate.
  subroutine set(self, name, value)
    class(gradstep_nf_type), intent(inout) :: self
    character(len=*), intent(in) :: name
    real(real64), intent(in) :: value

    if (name == "lr") error stop "gradstep: lr is the optimizer's learning_rate; set that"
    self%names = [self%names, text_type(name)]
    self%values = [self%values, value]
    call expect_rule(self)
  end subroutine set

  subroutine expect_rule(self)
    class(gradstep_nf_type), intent(in) :: self
    type(rule_type) :: rule

    call self%make_rule(rule)
  end subroutine expect_rule

  !> The rule with the present hyper-parameters.
  subroutine make_rule(self, rule)
    class(gradstep_nf_type), intent(in) :: self
    type(rule_type), intent(inout) :: rule
    integer :: i

    call rule%create(self%rule)
    call rule%set("lr", real(self%learning_rate, real64))
    do i = 1, size(self%names)
      call rule%set(self%names(i)%text, self%values(i))
    end do
  end subroutine make_rule

  !> Stochastic gradient descent.
  function sgd(learning_rate, momentum, nesterov) result(optimizer)
    real, intent(in), optional :: learning_rate, momentum
    logical, intent(in), optional :: nesterov
    type(gradstep_nf_type) :: optimizer

    optimizer = gradstep_optimizer("sgd", learning_rate)
    call set_given(optimizer, "momentum", momentum, 0.0)
    if (present(nesterov) .and. present(momentum)) then
      if (nesterov .and. momentum > 0) call optimizer%set("nesterov", 1.0_real64)
    end if
    call optimizer%set("lr_in_velocity", 1.0_real64)
  end function sgd

  !> RMSProp, with epsilon under the square root.
  function rmsprop(learning_rate, decay_rate, epsilon) result(optimizer)
    real, intent(in), optional :: learning_rate, decay_rate, epsilon
    type(gradstep_nf_type) :: optimizer

    optimizer = gradstep_optimizer("rmsprop", learning_rate)
    call set_given(optimizer, "alpha", decay_rate, 0.9)
    call set_given(optimizer, "eps", epsilon, 1e-8)
    call optimizer%set("eps_inside", 1.0_real64)
  end function rmsprop

  !> Adam; with weight_decay_decoupled AdamW. gradstep has no rule with both decays.
  function adam(learning_rate, beta1, beta2, epsilon, weight_decay_l2, weight_decay_decoupled) result(optimizer)
    real, intent(in), optional :: learning_rate, beta1, beta2, epsilon, weight_decay_l2, weight_decay_decoupled
    type(gradstep_nf_type) :: optimizer
    logical :: is_decoupled, is_coupled

    is_decoupled = .false.
    is_coupled = .false.
    if (present(weight_decay_decoupled)) is_decoupled = weight_decay_decoupled > 0
    if (present(weight_decay_l2)) is_coupled = weight_decay_l2 > 0
    if (is_decoupled .and. is_coupled) then
      error stop "gradstep: weight_decay_l2 and weight_decay_decoupled are both above 0; one of them must be 0"
    end if
    if (is_decoupled) then
      optimizer = gradstep_optimizer("adamw", learning_rate)
      call set_given(optimizer, "weight_decay", weight_decay_decoupled, 0.0)
    else
      optimizer = gradstep_optimizer("adam", learning_rate)
      call set_given(optimizer, "weight_decay", weight_decay_l2, 0.0)
    end if
    call set_given(optimizer, "beta1", beta1, 0.9)
    call set_given(optimizer, "beta2", beta2, 0.999)
    call set_given(optimizer, "eps", epsilon, 1e-8)
  end function adam

  !> Adagrad.
  function adagrad(learning_rate, epsilon, weight_decay_l2, learning_rate_decay) result(optimizer)
    real, intent(in), optional :: learning_rate, epsilon, weight_decay_l2, learning_rate_decay
    type(gradstep_nf_type) :: optimizer

    optimizer = gradstep_optimizer("adagrad", learning_rate)
    call set_given(optimizer, "eps", epsilon, 1e-8)
    call set_given(optimizer, "weight_decay", weight_decay_l2, 0.0)
    call set_given(optimizer, "lr_decay", learning_rate_decay, 0.0)
  end function adagrad

  subroutine set_given(optimizer, name, value, default_value)
    type(gradstep_nf_type), intent(inout) :: optimizer
    character(len=*), intent(in) :: name
    real, intent(in), optional :: value
    real, intent(in) :: default_value

    if (present(value)) then
      call optimizer%set(name, real(value, real64))
    else
      call optimizer%set(name, real(default_value, real64))
    end if
  end subroutine set_given

  pure function get_name(self) result(name)
    class(gradstep_nf_type), intent(in) :: self
    character(:), allocatable :: name

    name = "gradstep "//self%rule
  end function get_name

  !> The network calls it once for each layer.
  impure elemental subroutine init(self, num_params)
    class(gradstep_nf_type), intent(inout) :: self
    integer, intent(in) :: num_params

    self%num_params = num_params
  end subroutine init

  pure subroutine minimize(self, param, gradient)
    class(gradstep_nf_type), intent(inout) :: self
    real, intent(inout) :: param(:)
    real, intent(in) :: gradient(:)

    call gradstep_nf_step(self, size(param), param, gradient)
  end subroutine minimize

  !> The index of the array that minimize got. A layer passes the same arrays in each step.
  pure subroutine next_part(self, count, part)
    class(gradstep_nf_type), intent(inout) :: self
    integer, intent(in) :: count
    integer, intent(out) :: part

    part = self%part + 1
    self%part = part
    self%begun = self%begun + count
    if (self%begun >= self%num_params) then
      self%part = 0
      self%begun = 0
    end if
  end subroutine next_part

  !> Writes the state to an unformatted stream, for read_state of an optimizer made in the same way.
  subroutine write_state(self, unit)
    class(gradstep_nf_type), intent(in) :: self
    integer, intent(in) :: unit
    integer :: i, k

    write (unit) size(self%states)
    do i = 1, size(self%states)
      write (unit) self%states(i)%step, size(self%states(i)%slots), size(self%states(i)%scalars), self%states(i)%scalars
      do k = 1, size(self%states(i)%slots)
        write (unit) size(self%states(i)%slots(k)%single), self%states(i)%slots(k)%single
      end do
    end do
  end subroutine write_state

  !> Reads what write_state has written.
  subroutine read_state(self, unit)
    class(gradstep_nf_type), intent(inout) :: self
    integer, intent(in) :: unit
    integer :: i, k, state_count, slot_count, scalar_count, count

    read (unit) state_count
    if (allocated(self%states)) deallocate (self%states)
    allocate (self%states(state_count))
    do i = 1, state_count
      read (unit) self%states(i)%step, slot_count, scalar_count
      allocate (self%states(i)%slots(slot_count), self%states(i)%scalars(scalar_count))
      read (unit) self%states(i)%scalars
      do k = 1, slot_count
        read (unit) count
        allocate (self%states(i)%slots(k)%single(count))
        read (unit) self%states(i)%slots(k)%single
      end do
    end do
  end subroutine read_state

end module gradstep_nf
