import Engine

/// A PyTorch checkpoint as `torch.save` has written it since version 1.6: a zip with a pickle `data.pkl` and one entry
/// of raw numbers for each storage (torch/serialization.py).
enum TorchArchive {
  static func read(_ bytes: [UInt8]) throws(CheckpointError) -> Checkpoint {
    let zip = try ZipArchive(bytes)
    guard let pickleName = zip.entries.keys.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }),
      let pickled = zip[pickleName]
    else { throw .malformed(what: "PyTorch checkpoint", reason: "a zip without data.pkl") }
    let folder = String(pickleName.dropLast("data.pkl".count))
    if let order = zip[folder + "byteorder"], !order.elementsEqual("little".utf8) {
      throw .unsupported(what: "a checkpoint from a big-endian machine")
    }

    let pickle = try Pickle(pickled)
    let entries = try stateDict(pickle)
    let prefix = "module."  // what DistributedDataParallel puts before every name
    let isWrapped = entries.allSatisfy { $0.key.hasPrefix(prefix) }
    var tensors: Parameters = [:]
    // A tensor may be a view of a storage that others share, but all of them together are no more than a few copies of
    // the file.
    var budget = bytes.count * 2
    for (key, number) in entries {
      let tensor = try tensor(
        pickle.tensors[number], named: key, pickle, zip, folder: folder, budget: &budget)
      tensors[isWrapped ? String(key.dropFirst(prefix.count)) : key] = tensor
    }
    return Checkpoint(format: .torch, tensors: tensors)
  }

  /// The names and tensors of `model`, of `ema`, or of the checkpoint itself.
  private static func stateDict(_ pickle: Pickle) throws(CheckpointError) -> [(key: String, tensor: Int)] {
    guard let root = pickle.items(of: pickle.root) else {
      throw .malformed(what: "PyTorch checkpoint", reason: "holds no dictionary; save the state_dict")
    }
    func tensors(of object: Pickle.Object) -> [(key: String, tensor: Int)] {
      (pickle.items(of: object) ?? []).compactMap { key, value in
        if case .tensor(let number) = value { (key, number) } else { nil }
      }
    }
    for name in ["model", "ema", "state_dict"] {
      if let inner = root.first(where: { $0.key == name })?.value {
        let found = tensors(of: inner)
        if !found.isEmpty { return found }
      }
    }
    let found = tensors(of: pickle.root)
    guard !found.isEmpty else {
      throw .malformed(
        what: "PyTorch checkpoint", reason: "no tensors under 'model', 'ema', 'state_dict' or the top level")
    }
    return found
  }

  private static func tensor(
    _ record: Pickle.TensorRecord, named name: String, _ pickle: Pickle, _ zip: ZipArchive, folder: String,
    budget: inout Int
  ) throws(CheckpointError) -> Tensor {
    // ('storage', torch.FloatStorage, key, location, element count)
    guard let storage = pickle.elements(of: record.storage), storage.count >= 5,
      case .global(let storageName) = storage[1], let type = Pickle.storages[storageName],
      case .string(let key) = storage[2], case .int(let capacity) = storage[4],
      case .int(let offset) = record.offset,
      let shape = integers(record.shape, pickle), let strides = integers(record.strides, pickle),
      shape.count == strides.count
    else { throw .malformed(what: name, reason: "not what torch.save writes for a tensor") }
    guard let data = zip[folder + "data/" + key] else {
      throw .malformed(what: name, reason: "its numbers (data/\(key)) are not in the file")
    }
    guard capacity >= 0, capacity <= data.count / type.size else {
      throw .truncated(what: name, needed: capacity, available: data.count / type.size)
    }
    let count = try elementCount(shape, what: name)
    guard offset >= 0, count <= capacity, strides.allSatisfy({ $0 >= 0 && $0 <= capacity }) else {
      throw .malformed(what: name, reason: "shape \(shape), strides \(strides) in a storage of \(capacity)")
    }
    // An empty tensor may claim any length in its other dimensions; they must not be multiplied.
    guard count > 0 else { return Tensor(shape: shape) }
    guard let reach = furthest(shape, strides), offset < capacity, reach < capacity - offset else {
      throw .malformed(
        what: name,
        reason: "offset \(offset), shape \(shape), strides \(strides) reach beyond a storage of \(capacity)")
    }
    // Counts what is read as well as what is returned: thin views of one large storage add up, too.
    budget -= max(count, reach + 1)
    guard budget >= 0 else {
      throw .malformed(what: name, reason: "the tensors together are far larger than the file")
    }

    let start = data.startIndex + offset * type.size
    let values = type.floats(data[start..<start + (reach + 1) * type.size])
    if strides == contiguousStrides(shape) || count == 1 {
      return Tensor(shape: shape, values: Array(values.prefix(count)))
    }
    return Tensor(shape: shape, values: gather(values, shape: shape, strides: strides, count: count))
  }

  /// How far the last number of a view lies from its first; `nil` if that is no number.
  private static func furthest(_ shape: [Int], _ strides: [Int]) -> Int? {
    var reach = 0
    for (length, stride) in Swift.zip(shape, strides) {
      let (step, tooLong) = (length - 1).multipliedReportingOverflow(by: stride)
      let (sum, tooFar) = reach.addingReportingOverflow(step)
      guard !tooLong, !tooFar else { return nil }
      reach = sum
    }
    return reach
  }

  private static func integers(_ object: Pickle.Object, _ pickle: Pickle) -> [Int]? {
    guard let elements = pickle.elements(of: object), elements.count <= 8 else { return nil }
    var integers: [Int] = []
    for element in elements {
      guard case .int(let value) = element else { return nil }
      integers.append(value)
    }
    return integers
  }

  private static func contiguousStrides(_ shape: [Int]) -> [Int] {
    var strides: [Int] = []
    var step = 1
    for length in shape.reversed() {
      strides.append(step)
      step *= length
    }
    return strides.reversed()
  }

  /// Row-major copy of a view.
  private static func gather(_ values: [Float], shape: [Int], strides: [Int], count: Int) -> [Float] {
    var index = [Int](repeating: 0, count: shape.count)
    var position = 0
    var gathered: [Float] = []
    gathered.reserveCapacity(count)
    for _ in 0..<count {
      gathered.append(values[position])
      for dimension in shape.indices.reversed() {
        index[dimension] += 1
        position += strides[dimension]
        if index[dimension] < shape[dimension] { break }
        position -= strides[dimension] * shape[dimension]
        index[dimension] = 0
      }
    }
    return gathered
  }
}
