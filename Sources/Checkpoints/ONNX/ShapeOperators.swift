extension Call {
  /// Operators that only move numbers (onnx.ai/onnx/operators).
  ///
  /// - Returns: `nil` for any other operator.
  func rearranged() throws(CheckpointError) -> [NumericTensor]? {
    switch node.operation {
    case "Identity", "Dropout": return [try tensor(0)]
    // Numbers on their way stay as exact as they are: only stored integers are scaled back.
    case "QuantizeLinear": return [try tensor(0)]
    case "DequantizeLinear": return [try dequantized()]
    case "Constant": return [try constant()]
    case "Shape":
      let shape = try tensor(0).shape
      let (start, end) = (node.int("start") ?? 0, node.int("end") ?? shape.count)
      let first = clamp(start, shape.count)
      return [.init(integers: Array(shape[first..<max(first, clamp(end, shape.count))]))]
    case "Size": return [.init(shape: [], integers: [try tensor(0).count])]
    case "Reshape": return [try reshape()]
    case "Flatten":
      let x = try tensor(0)
      let position = node.int("axis") ?? 1
      let axis = position == x.shape.count ? position : try axis(position, rank: x.shape.count)
      return [x.reshaped([x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)])]
    case "Squeeze", "Unsqueeze": return [try squeeze()]
    case "Transpose":
      let x = try tensor(0)
      let order = node.ints("perm") ?? Array(x.shape.indices.reversed())
      guard order.sorted() == Array(x.shape.indices) else {
        throw malformed("order \(order) of shape \(x.shape)")
      }
      let strides = contiguousStrides(x.shape)
      return [x.strided(order.map { x.shape[$0] }, order.map { strides[$0] })]
    case "Concat": return [try concat()]
    case "Slice": return [try slice()]
    case "Split": return try split()
    case "Gather": return [try gatherBlocks()]
    case "SpaceToDepth", "DepthToSpace": return [try movedToDepth()]
    case "ScatterND": return [try scatter()]
    default: return nil
    }
  }

  private func clamp(_ index: Int, _ length: Int) -> Int {
    index < 0 ? max(0, max(index, -length) + length) : min(index, length)
  }

  private func constant() throws(CheckpointError) -> NumericTensor {
    if case .tensor(let value)? = node.attributes["value"] { return value }
    if let value = node.int("value_int") { return .init(shape: [], integers: [value]) }
    if let value = node.float("value_float") { return .init(shape: [], floats: [value]) }
    if let values = node.ints("value_ints") { return .init(integers: values) }
    if let values = node.floats("value_floats") { return .init(shape: [values.count], floats: values) }
    throw .unsupported(what: "\(what): a constant of another type than numbers")
  }

  private func dequantized() throws(CheckpointError) -> NumericTensor {
    let x = try tensor(0)
    guard !x.isFloat else { return x }
    return try scaled(x, scale: tensor(1), zero: optional(2), axis: node.int("axis") ?? 1)
  }

  /// `(x - zero) * scale`, both for the whole tensor or for each index of `axis`.
  func scaled(
    _ x: NumericTensor, scale: NumericTensor, zero: NumericTensor?, axis position: Int
  ) throws(CheckpointError) -> NumericTensor {
    let scales = scale.floats
    guard scales.allSatisfy({ $0 >= 0 && $0 < .infinity }) else {
      throw malformed("a scale of \(scales.first { !($0 >= 0 && $0 < .infinity) } ?? 0); it must be positive")
    }
    let zeros = zero?.floats ?? [Float](repeating: 0, count: scales.count)
    guard zeros.count == scales.count else {
      throw malformed("\(scales.count) scales, \(zeros.count) zero points")
    }
    let values = x.floats
    if scales.count == 1 { return .init(shape: x.shape, floats: values.map { ($0 - zeros[0]) * scales[0] }) }
    let axis = try axis(position, rank: x.shape.count)
    guard x.shape[axis] == scales.count, scale.shape.count == 1 else {
      throw .unsupported(what: "\(what): \(scale.shape) scales for shape \(x.shape)")
    }
    let inner = x.shape[(axis + 1)...].reduce(1, *)
    return .init(
      shape: x.shape,
      floats: values.indices.map {
        let channel = $0 / inner % scales.count
        return (values[$0] - zeros[channel]) * scales[channel]
      })
  }

  private func reshape() throws(CheckpointError) -> NumericTensor {
    let x = try tensor(0)
    guard var shape = integers(1, or: "shape"), shape.count <= 16 else { throw malformed("no shape") }
    if node.int("allowzero") ?? 0 == 0 {
      for index in shape.indices where shape[index] == 0 && index < x.shape.count {
        shape[index] = x.shape[index]
      }
    }
    if let open = shape.firstIndex(of: -1) {
      shape[open] = 1
      let rest = try stridedCount(shape, what: what)
      guard rest > 0, x.count.isMultiple(of: rest) else { throw malformed("shape \(x.shape) to \(shape)") }
      shape[open] = x.count / rest
    }
    guard try stridedCount(shape, what: what) == x.count else {
      throw malformed("shape \(x.shape) to \(shape)")
    }
    return x.reshaped(shape)
  }

  private func squeeze() throws(CheckpointError) -> NumericTensor {
    let x = try tensor(0)
    let axes = integers(1, or: "axes")
    if node.operation == "Squeeze" {
      let rank = x.shape.count
      var dropped = Set<Int>()
      for axis in axes ?? x.shape.indices.filter({ x.shape[$0] == 1 }) {
        dropped.insert(try self.axis(axis, rank: rank))
      }
      guard dropped.allSatisfy({ x.shape[$0] == 1 }) else { throw malformed("squeezes shape \(x.shape)") }
      return x.reshaped(x.shape.indices.filter { !dropped.contains($0) }.map { x.shape[$0] })
    }
    guard let axes, axes.count + x.shape.count <= 16 else { throw malformed("no axes") }
    let rank = x.shape.count + axes.count
    var added = Set<Int>()
    for axis in axes { added.insert(try self.axis(axis, rank: rank)) }
    guard added.count == axes.count else { throw malformed("axes \(axes)") }
    var rest = x.shape.makeIterator()
    return x.reshaped((0..<rank).map { added.contains($0) ? 1 : rest.next() ?? 1 })
  }

  private func concat() throws(CheckpointError) -> NumericTensor {
    var parts: [NumericTensor] = []
    for index in inputs.indices { parts.append(try tensor(index)) }
    guard let first = parts.first else { throw malformed("nothing to join") }
    let axis = try axis(node.int("axis") ?? 0, rank: first.shape.count)
    var shape = first.shape
    shape[axis] = 0
    for part in parts {
      guard part.shape.count == shape.count,
        shape.indices.allSatisfy({ $0 == axis || part.shape[$0] == first.shape[$0] })
      else { throw malformed("shapes \(first.shape) and \(part.shape)") }
      shape[axis] += part.shape[axis]
    }
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[(axis + 1)...].reduce(1, *)
    // Without numbers, the outer length may be of any size.
    guard try stridedCount(shape, what: what) > 0 else { return first.reshaped(shape) }
    func join<Number>(_ values: [[Number]]) -> [Number] {
      var joined: [Number] = []
      joined.reserveCapacity(outer * shape[axis] * inner)
      for index in 0..<outer {
        for (part, values) in zip(parts, values) {
          let length = part.shape[axis] * inner
          joined += values[index * length..<(index + 1) * length]
        }
      }
      return joined
    }
    return parts.contains(where: \.isFloat)
      ? .init(shape: shape, floats: join(parts.map(\.floats)))
      : .init(shape: shape, integers: join(parts.map(\.integers)))
  }

  private func slice() throws(CheckpointError) -> NumericTensor {
    let x = try tensor(0)
    guard let starts = integers(1, or: "starts"), let ends = integers(2, or: "ends"),
      starts.count == ends.count
    else { throw malformed("starts and ends differ in number") }
    let axes = integers(3, or: "axes") ?? Array(starts.indices)
    let steps = optional(4)?.integers ?? [Int](repeating: 1, count: starts.count)
    guard axes.count == starts.count, steps.count == starts.count else {
      throw malformed("axes or steps are missing")
    }
    var (shape, strides, offset) = (x.shape, contiguousStrides(x.shape), 0)
    for index in starts.indices {
      let axis = try axis(axes[index], rank: shape.count)
      let (length, step) = (shape[axis], steps[index])
      guard step != 0, step > -(1 << 40), step < 1 << 40 else { throw malformed("step \(step)") }
      let start: Int
      let count: Int
      if step > 0 {
        start = clamp(starts[index], length)
        count = max(0, (clamp(ends[index], length) - start + step - 1) / step)
      } else {
        let last = length - 1
        start = starts[index] < 0 ? max(starts[index], -length - 1) + length : min(starts[index], last)
        // The end is not taken; one before the first number is written as any far negative number.
        let end = ends[index] < 0 ? max(ends[index], -length - 1) + length : min(ends[index], last)
        count = start < 0 ? 0 : max(0, (start - max(end, -1) - step - 1) / -step)
      }
      offset += count > 0 ? start * strides[axis] : 0
      shape[axis] = count
      strides[axis] *= step
    }
    return x.strided(shape, strides, offset: offset)
  }

  private func split() throws(CheckpointError) -> [NumericTensor] {
    let x = try tensor(0)
    let axis = try axis(node.int("axis") ?? 0, rank: x.shape.count)
    let length = x.shape[axis]
    let parts = max(node.outputs.count, 1)
    let each = (length + parts - 1) / parts
    let sizes =
      integers(1, or: "split") ?? (0..<parts).map { min(each, max(0, length - $0 * each)) }
    guard sizes.allSatisfy({ $0 >= 0 && $0 <= length }), sizes.reduce(0, +) == length else {
      throw malformed("parts \(sizes) of \(length)")
    }
    let strides = contiguousStrides(x.shape)
    var start = 0
    return sizes.map { size in
      defer { start += size }
      var shape = x.shape
      shape[axis] = size
      return x.strided(shape, strides, offset: size > 0 ? start * strides[axis] : 0)
    }
  }

  private func gatherBlocks() throws(CheckpointError) -> NumericTensor {
    let (x, indices) = (try tensor(0), try tensor(1))
    let axis = try axis(node.int("axis") ?? 0, rank: x.shape.count)
    let length = x.shape[axis]
    let inner = x.shape[(axis + 1)...].reduce(1, *)
    let wanted = indices.integers
    guard wanted.allSatisfy({ $0 >= -length && $0 < length }) else {
      throw malformed("an index beyond \(length)")
    }
    let shape = Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...])
    let count = try stridedCount(shape, what: what)
    guard count <= limit else {
      throw malformed("shape \(shape): the graph computes more numbers than can be checked")
    }
    // Without numbers, the other lengths may be of any size.
    guard count > 0 else { return x.reshaped(shape) }
    let starts = (0..<x.shape[..<axis].reduce(1, *)).flatMap { outer in
      wanted.map { (outer * length + ($0 < 0 ? $0 + length : $0)) * inner }
    }
    return x.blocks(at: starts, length: inner, shape: shape)
  }

  private func movedToDepth() throws(CheckpointError) -> NumericTensor {
    let x = try tensor(0)
    guard let block = node.int("blocksize"), block > 0, block < 64, x.shape.count == 4 else {
      throw malformed("shape \(x.shape)")
    }
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    if node.operation == "SpaceToDepth" {
      guard h.isMultiple(of: block), w.isMultiple(of: block) else { throw malformed("shape \(x.shape)") }
      let shape = [n, block, block, c, h / block, w / block]
      let strides = [c * h * w, w, 1, h * w, block * w, block]
      return x.strided(shape, strides).reshaped([n, c * block * block, h / block, w / block])
    }
    let depth = c / (block * block)
    guard depth * block * block == c else { throw malformed("shape \(x.shape)") }
    let rowMajor = node.string("mode") != "CRD"
    let (phase, channel) = rowMajor ? (depth * h * w, h * w) : (h * w, block * block * h * w)
    return x.strided(
      [n, depth, h, block, w, block], [c * h * w, channel, w, block * phase, 1, phase]
    ).reshaped([n, depth, h * block, w * block])
  }

  private func scatter() throws(CheckpointError) -> NumericTensor {
    let (x, indices, updates) = (try tensor(0), try tensor(1), try tensor(2))
    guard let depth = indices.shape.last, depth <= x.shape.count, depth > 0,
      node.string("reduction") ?? "none" == "none"
    else { throw malformed("indices \(indices.shape)") }
    let strides = contiguousStrides(x.shape)
    let length = x.shape[depth...].reduce(1, *)
    let places = indices.integers
    guard updates.count == places.count / depth * length else { throw malformed("updates \(updates.shape)") }
    var values = x.floats
    let news = updates.floats
    for row in 0..<places.count / depth {
      var start = 0
      for dimension in 0..<depth {
        let index = places[row * depth + dimension]
        let position = index < 0 ? index + x.shape[dimension] : index
        guard x.shape[dimension] > position, position >= 0 else {
          throw malformed("an index beyond \(x.shape)")
        }
        start += position * strides[dimension]
      }
      values.replaceSubrange(start..<start + length, with: news[row * length..<(row + 1) * length])
    }
    return x.isFloat
      ? .init(shape: x.shape, floats: values)
      : .init(shape: x.shape, integers: values.map { Int(exactly: $0) ?? 0 })
  }
}
