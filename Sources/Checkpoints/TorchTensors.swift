import Engine

/// The tensors of a checkpoint, in whichever of PyTorch's two formats it is: what the pickle says of them, and the bytes
/// of their storages.
struct TorchTensors {
  let pickle: Pickle
  let fileSize: Int
  /// The bytes of the storage with this key.
  let storage: (String) -> ArraySlice<UInt8>?

  /// Keys under which trainers keep what they advise to run, best first: averaged weights are what the authors' trainer
  /// saves as `model`, and what mmengine has swapped into `state_dict`.
  private static let keys = [
    "model", "ema", "state_dict", "model_state_dict", "model_ema", "ema_state_dict", "net", "network",
    "module", "weights",
    "params",
  ]

  func checkpoint() throws(CheckpointError) -> Checkpoint {
    var tensors: Parameters = [:]
    // A tensor may be a view of a storage that others share, but all of them together are no more than a few copies of
    // the file.
    var budget = fileSize * 2
    for (key, number) in try stateDict() {
      tensors[key] = try tensor(pickle.tensors[number], named: key, budget: &budget)
    }
    return Checkpoint(format: .torch, metadata: metadata, tensors: tensors)
  }

  /// The names and tensors of the dictionary that holds the model.
  private func stateDict() throws(CheckpointError) -> [(key: String, tensor: Int)] {
    if let name = className(pickle.root), pickle.items(of: pickle.root) == nil {
      throw .forbiddenGlobal(name)
    }
    guard let root = pickle.items(of: pickle.root) else {
      throw .malformed(what: "PyTorch checkpoint", reason: "holds no dictionary; save the state_dict")
    }
    let named = TorchTensors.keys.compactMap { key in root.first { $0.key == key }?.value }
    for object in named {
      let found = tensors(within: object)
      if !found.isEmpty { return found }
    }
    let found = tensors(of: pickle.root)
    if !found.isEmpty { return found }
    let largest = largestTable(among: root.filter { !TorchTensors.keys.contains($0.key) }.map(\.value))
    guard largest.isEmpty else { return largest }
    // A model that was saved whole: its weights are inside an object of the trainer's own class.
    if let name = named.lazy.compactMap(className).first { throw .forbiddenGlobal(name) }
    throw .malformed(
      what: "PyTorch checkpoint",
      reason: "no tensors under \(TorchTensors.keys.prefix(4).joined(separator: ", ")) or the top level")
  }

  private func className(_ object: Pickle.Object) -> String? {
    if case .instance(let number) = object { pickle.instances[number].name } else { nil }
  }

  private func tensors(of object: Pickle.Object) -> [(key: String, tensor: Int)] {
    (pickle.items(of: object) ?? []).compactMap { key, value in
      if case .tensor(let number) = value { (key, number) } else { nil }
    }
  }

  /// Of the dictionary itself, or of a dictionary in it.
  private func tensors(within object: Pickle.Object) -> [(key: String, tensor: Int)] {
    let found = tensors(of: object)
    if !found.isEmpty { return found }
    let inner = pickle.items(of: object) ?? []
    for key in TorchTensors.keys {
      guard let value = inner.first(where: { $0.key == key })?.value else { continue }
      let found = tensors(of: value)
      if !found.isEmpty { return found }
    }
    return []
  }

  /// Of the dictionaries in `objects`, or in those, the one with the most tensors. Each is walked once, however often a
  /// hostile pickle refers to it.
  private func largestTable(among objects: [Pickle.Object]) -> [(key: String, tensor: Int)] {
    var walked = Set<Pickle.Object>()
    var largest: [(key: String, tensor: Int)] = []
    func walk(_ object: Pickle.Object) -> Bool {
      guard walked.insert(object).inserted else { return false }
      let found = tensors(of: object)
      if found.count > largest.count { largest = found }
      return found.isEmpty
    }
    for object in objects where walk(object) {
      for (key, value) in pickle.items(of: object) ?? [] where TorchTensors.keys.contains(key) {
        _ = walk(value)
      }
    }
    return largest
  }

  // MARK: - What else the checkpoint says

  /// `labels`, one a line: mmdetection's `meta.CLASSES` or `meta.dataset_meta.classes`, others' `names`.
  private var metadata: [String: String] {
    let root = pickle.items(of: pickle.root) ?? []
    func value(_ path: [String]) -> Pickle.Object? {
      path.reduce(pickle.root) { object, key in
        object.flatMap { pickle.items(of: $0) }?.first { $0.key.lowercased() == key }?.value
      }
    }
    guard !root.isEmpty else { return [:] }
    let places = [
      ["meta", "dataset_meta", "classes"], ["meta", "classes"], ["names"], ["class_names"], ["classes"],
    ]
    for place in places {
      guard let object = value(place), let labels = labels(object), !labels.isEmpty else { continue }
      // A hostile pickle may name one long text a million times.
      let length = labels.reduce(0) { $0 + $1.utf8.count }
      guard length <= fileSize else { continue }
      return ["labels": labels.joined(separator: "\n")]
    }
    return [:]
  }

  private func labels(_ object: Pickle.Object) -> [String]? {
    if let elements = pickle.elements(of: object) {
      let labels = elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
      return labels.count == elements.count ? labels : nil
    }
    var labels: [Int: String] = [:]
    for (key, value) in pickle.pairs(of: object) ?? [] {
      guard case .string(let text) = value else { return nil }
      switch key {
      case .int(let index): labels[index] = text
      case .string(let index): labels[Int(index) ?? -1] = text
      default: return nil
      }
    }
    return labels.keys.sorted() == Array(0..<labels.count)
      ? (0..<labels.count).compactMap { labels[$0] } : nil
  }

  // MARK: - Tensors

  private func tensor(
    _ record: Pickle.TensorRecord, named name: String, budget: inout Int
  ) throws(CheckpointError) -> Tensor {
    guard let (key, type, capacity) = storageRecord(record.storage),
      case .int(let offset) = record.offset,
      let shape = integers(record.shape), let strides = integers(record.strides),
      shape.count == strides.count
    else { throw .malformed(what: name, reason: "not what torch.save writes for a tensor") }
    guard let data = storage(key) else {
      throw .malformed(what: name, reason: "its numbers (storage \(key)) are not in the file")
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
    return Tensor(shape: shape, values: gather(values, shape: shape, strides: strides))
  }

  /// How far the last number of a view lies from its first; `nil` if that is no number.
  private func furthest(_ shape: [Int], _ strides: [Int]) -> Int? {
    var reach = 0
    for (length, stride) in zip(shape, strides) {
      let (step, tooLong) = (length - 1).multipliedReportingOverflow(by: stride)
      let (sum, tooFar) = reach.addingReportingOverflow(step)
      guard !tooLong, !tooFar else { return nil }
      reach = sum
    }
    return reach
  }

  private func integers(_ object: Pickle.Object) -> [Int]? {
    guard let elements = pickle.elements(of: object), elements.count <= 8 else { return nil }
    var integers: [Int] = []
    for element in elements {
      guard case .int(let value) = element else { return nil }
      integers.append(value)
    }
    return integers
  }

  /// Key, type and element count of a storage: ('storage', torch.FloatStorage, key, location, count).
  private func storageRecord(_ object: Pickle.Object) -> (key: String, type: ElementType, count: Int)? {
    pickle.elements(of: object).flatMap(TorchTensors.storageRecord)
  }

  static func storageRecord(_ record: [Pickle.Object]) -> (key: String, type: ElementType, count: Int)? {
    guard record.count >= 5, case .global(let name) = record[1], let type = Pickle.storageTypes[name],
      case .string(let key) = record[2], case .int(let count) = record[4], count >= 0
    else { return nil }
    return (key, type, count)
  }
}
