/// Constants of a plan's kernels: weights in the order in which kernels read them, biases, tap offsets. Aligned to cache
/// lines; freed with the plan.
final class PackedConstants {
  private var allocations: [UnsafeMutableRawPointer] = []
  private(set) var byteCount = 0

  deinit { for allocation in allocations { allocation.deallocate() } }

  func add<Element: BitwiseCopyable>(_ values: [Element]) -> UnsafePointer<Element> {
    let bytes = max(values.count, 1) * MemoryLayout<Element>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    let typed = raw.bindMemory(to: Element.self, capacity: values.count)
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { typed.initialize(from: base, count: values.count) }
    }
    allocations.append(raw)
    byteCount += bytes
    return UnsafePointer(typed)
  }
}
