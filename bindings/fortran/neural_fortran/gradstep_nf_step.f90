! SPDX-License-Identifier: Apache-2.0
!
!> What gradstep_nf declares as pure. neural-fortran's arrays are of default kind, real32.
!> Arrays param(:) would be copied by gfortran before and after each step; those of explicit shape are
!> only if they have gaps.
subroutine gradstep_nf_step(self, count, param, gradient)
  use gradstep, only: rule_type, state_type
  use gradstep_nf, only: gradstep_nf_type
  implicit none
  class(gradstep_nf_type), intent(inout) :: self
  integer, intent(in) :: count
  real, intent(inout) :: param(count)
  real, intent(in) :: gradient(count)
  type(rule_type) :: rule
  integer :: part

  call self%next_part(count, part)
  call self%make_rule(rule)
  if (part > size(self%states)) then
    self%states = [self%states, state_type()]
    call self%states(part)%create(rule, param)
  end if
  call self%states(part)%apply(rule, param, gradient)
end subroutine gradstep_nf_step
