import CKernels
import ControlGroup

/// Processors that this process may really use: those of its affinity mask, cut to the container's quota.
package func availableProcessors() -> Int {
  let allowed = Int(yx_allowed_processors())
  return max(1, min(allowed, ControlGroup.current.processors ?? allowed))
}
