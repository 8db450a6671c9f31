import CAllocator

/// Returns freed memory to the system after `load`.
///
/// Loading a network needs its weights twice for a moment: as they are in the file, and packed.
func trimmingAllocator<Loaded>(_ load: () throws -> Loaded) rethrows -> Loaded {
  let loaded = try load()
  allocator_trim()
  return loaded
}
