/// Constants of a plan's kernels: weights in the order in which kernels read them, biases, tap offsets. Aligned to cache
/// lines; freed with the plan.
///
/// Plans of one network for several input sizes share those that do not depend on the size: the first plan packs them, and
/// the others find them by name.
final class PackedConstants {
  /// The constants of the network's first plan; `nil` for that plan itself.
  let base: PackedConstants?
  private var allocations: [UnsafeMutableRawPointer] = []
  private var named: [String: (start: UnsafeRawPointer, bytes: Int)] = [:]
  /// Bytes that these constants own.
  private(set) var byteCount = 0
  /// Bytes that the plan's kernels read, shared ones included.
  private(set) var readByteCount = 0

  init(sharing base: PackedConstants? = nil) { self.base = base }

  deinit { for allocation in allocations { allocation.deallocate() } }

  /// Adds constants that depend on the size of the input.
  func add<Element: BitwiseCopyable>(_ values: [Element]) -> UnsafePointer<Element> {
    let bytes = max(values.count, 1) * MemoryLayout<Element>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    let typed = raw.bindMemory(to: Element.self, capacity: values.count)
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { typed.initialize(from: base, count: values.count) }
    }
    allocations.append(raw)
    byteCount += bytes
    readByteCount += bytes
    return UnsafePointer(typed)
  }

  /// Constants that are equal for all input sizes.
  ///
  /// - Parameters:
  ///   - name: unique in the plan.
  ///   - values: packs them; called only for the network's first plan.
  func shared<Element: BitwiseCopyable>(_ name: String, _ values: () -> [Element]) -> UnsafePointer<Element> {
    guard let base else {
      precondition(named[name] == nil, "two layers have constants '\(name)'")
      let before = byteCount
      let start = add(values())
      named[name] = (UnsafeRawPointer(start), byteCount - before)
      return start
    }
    guard let found = base.named[name] else {
      preconditionFailure("the network's first plan has no constants '\(name)'")
    }
    readByteCount += found.bytes
    return found.start.assumingMemoryBound(to: Element.self)
  }

  /// Whether constants of that name were packed.
  func contains(_ name: String) -> Bool { named[name] != nil }
}
