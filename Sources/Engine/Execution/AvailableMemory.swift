import ControlGroup
import PlatformC

/// Bytes of memory that this process may use: the machine's, cut to the container's limit.
package func availableMemory() -> Int {
  let (pages, pageSize) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
  let physical = pages > 0 && pageSize > 0 ? pages * pageSize : Int.max
  return min(physical, ControlGroup.current.memoryLimit ?? physical)
}
