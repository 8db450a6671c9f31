import CKernels
import ControlGroup

/// Number of processors available to this process: its affinity mask, limited by the container's quota.
package func availableProcessors() -> Int {
  let allowed = Int(yx_allowed_processors())
  return max(1, min(allowed, ControlGroup.current.processors ?? allowed))
}
