import CTraining

/// Float32 memory at a fixed, vector-aligned address, which the C kernels work on.
package final class FloatBuffer {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  /// Zero-filled.
  package init(count: Int) {
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
    pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    pointer.initialize(repeating: 0, count: count)
    self.count = count
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

  package func clear() { pointer.update(repeating: 0, count: count) }

  /// Whether no number is NaN or infinite.
  package var isFinite: Bool { yt_all_finite(pointer, count) != 0 }

  package func copy(from other: FloatBuffer) {
    precondition(count == other.count, "buffers of \(count) and \(other.count) numbers")
    pointer.update(from: other.pointer, count: count)
  }

  package func values(_ range: Range<Int>) -> [Float] {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) numbers")
    return Array(UnsafeBufferPointer(start: pointer + range.lowerBound, count: range.count))
  }

  package var values: [Float] { values(0..<count) }

  package func set(_ values: [Float], at offset: Int = 0) {
    precondition(
      offset >= 0 && offset + values.count <= count, "\(values.count) numbers at \(offset) of \(count)")
    values.withUnsafeBufferPointer {
      if let base = $0.baseAddress { (pointer + offset).update(from: base, count: $0.count) }
    }
  }
}

/// Recycles buffers of recurring sizes. A recycled buffer keeps its old content.
final class BufferPool {
  private var free: [Int: [FloatBuffer]] = [:]

  func take(_ count: Int) -> FloatBuffer { free[count]?.popLast() ?? FloatBuffer(count: count) }

  func give(_ buffer: FloatBuffer) { free[buffer.count, default: []].append(buffer) }

  func empty() { free = [:] }
}
