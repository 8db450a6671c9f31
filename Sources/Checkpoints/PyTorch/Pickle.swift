/// Just enough of Python's pickle to read a table of tensors (pickletools in CPython documents the opcodes).
///
/// Nothing is ever called: a pickle builds inert ``Object``s. What it makes of classes and functions that are not known
/// here is an instance that holds its name and its contents, which matters only if the weights are inside.
///
/// Containers lie in one flat table and refer to each other by number. However deep or circular a pickle makes them,
/// they are freed without recursion.
struct Pickle {
  enum Object: Hashable {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    /// Numbers of `containers`.
    case tuple(Int)
    case list(Int)
    case dict(Int)
    /// `module.name`
    case global(String)
    /// Number in `instances`.
    case instance(Int)
    /// What `torch.save` writes in place of a storage: the tuple in that container.
    case persistent(Int)
    /// Number in `tensors`.
    case tensor(Int)
    /// Something that is there but of no interest: numpy scalars, bytes, options of an optimizer.
    case opaque
  }

  /// Arguments of `torch._utils._rebuild_tensor_v2`, not yet checked against any storage.
  struct TensorRecord {
    let storage: Object
    let offset: Object
    let shape: Object
    let strides: Object
  }

  /// Of a class, or the result of a function, that is not known here.
  struct Instance {
    let name: String
    /// Number of the container with what was put into it as into a dictionary or a list.
    var contents: Int?
  }

  private(set) var containers: [[Object]] = []
  private(set) var instances: [Instance] = []
  /// Containers of the storages that the pickle mentions.
  private(set) var storages: [Int] = []
  private(set) var tensors: [TensorRecord] = []
  private(set) var root: Object = .none

  /// Where the bytes after the pickle begin.
  var end: Int { reader.position }

  private var reader: ByteReader
  private var stack: [Object] = []
  private var marks: [Int] = []
  private var memo: [Int: Object] = [:]

  init(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) {
    reader = ByteReader(bytes, what: Pickle.what)
    try run()
  }

  /// Keys and values of a dictionary with text keys; others are left out.
  func items(of object: Object) -> [(key: String, value: Object)]? {
    pairs(of: object)?.compactMap { key, value in
      if case .string(let key) = key { (key, value) } else { nil }
    }
  }

  /// Keys and values of a dictionary.
  func pairs(of object: Object) -> [(key: Object, value: Object)]? {
    let number: Int
    switch object {
    case .dict(let container): number = container
    case .instance(let instance):
      guard let contents = instances[instance].contents else { return nil }
      number = contents
    default: return nil
    }
    let flat = containers[number]
    return stride(from: 0, to: flat.count - 1, by: 2).map { (flat[$0], flat[$0 + 1]) }
  }

  func elements(of object: Object) -> [Object]? {
    switch object {
    case .tuple(let number), .list(let number), .persistent(let number): containers[number]
    default: nil
    }
  }

  private static let what = "pickle"

  private func malformed(_ reason: String) -> CheckpointError {
    .malformed(what: Pickle.what, reason: reason)
  }
}

// MARK: - The machine

extension Pickle {
  private mutating func run() throws(CheckpointError) {
    while true {
      // An opcode of one byte may add an object of many: what is held is limited, too.
      guard
        stack.count + marks.count + memo.count + containers.count + instances.count + tensors.count
          < Pickle.objectLimit
      else { throw malformed("more than \(Pickle.objectLimit) objects") }
      let opcode = try reader.byte()
      switch opcode {
      case UInt8(ascii: "."):
        root = try pop()
        return
      case 0x80: _ = try reader.byte()  // PROTO
      case UInt8(ascii: "I"), UInt8(ascii: "L"), UInt8(ascii: "F"), UInt8(ascii: "S"), UInt8(ascii: "V"):
        try pushLine(opcode)
      case 0x95: _ = try reader.take(8)  // FRAME
      case UInt8(ascii: "("): marks.append(stack.count)
      case UInt8(ascii: "0"): _ = try pop()
      case UInt8(ascii: "1"): _ = try popToMark()
      case UInt8(ascii: "2"):
        let top = try pop()
        stack += [top, top]
      case UInt8(ascii: "N"): stack.append(.none)
      case 0x88: stack.append(.bool(true))
      case 0x89: stack.append(.bool(false))
      case UInt8(ascii: "K"), UInt8(ascii: "M"), UInt8(ascii: "J"), 0x8A, 0x8B: try pushInteger(opcode)
      case UInt8(ascii: "G"): stack.append(.float(try bigEndianDouble()))
      case UInt8(ascii: "X"), 0x8C, 0x8D: try pushText(opcode)
      case UInt8(ascii: "U"), UInt8(ascii: "T"), UInt8(ascii: "B"), UInt8(ascii: "C"), 0x8E, 0x96:
        try skipBytes(opcode)
      case UInt8(ascii: ")"), UInt8(ascii: "t"), 0x85, 0x86, 0x87: try pushTuple(opcode)
      case UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "l"), UInt8(ascii: "d"), 0x8F, 0x91:
        try pushContainer(opcode)
      case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "s"), UInt8(ascii: "u"), 0x90:
        try extend(opcode)
      case UInt8(ascii: "q"), UInt8(ascii: "r"), 0x94, UInt8(ascii: "h"), UInt8(ascii: "j"),
        UInt8(ascii: "p"),
        UInt8(ascii: "g"):
        try useMemo(opcode)
      case UInt8(ascii: "c"), 0x93: try pushGlobal(opcode)
      case UInt8(ascii: "Q"):
        guard case .tuple(let number) = try pop() else { throw malformed("a storage that is no tuple") }
        storages.append(number)
        stack.append(.persistent(number))
      case UInt8(ascii: "R"), 0x81:
        let arguments = try pop()
        stack.append(try reduce(try pop(), arguments))
      case 0x92:  // NEWOBJ_EX: class, arguments, named arguments
        _ = try pop()
        let arguments = try pop()
        stack.append(try reduce(try pop(), arguments))
      case UInt8(ascii: "i"), UInt8(ascii: "o"): try pushInstance(opcode)
      case UInt8(ascii: "b"): _ = try pop()  // BUILD: attributes of an object; its contents came before
      default:
        throw .unsupported(what: "pickle opcode \(opcode)")
      }
    }
  }

  private mutating func pop() throws(CheckpointError) -> Object {
    guard stack.count > (marks.last ?? 0), let top = stack.popLast() else {
      throw malformed("the stack runs empty")
    }
    return top
  }

  private mutating func popToMark() throws(CheckpointError) -> [Object] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw malformed("a mark is missing") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func add(_ elements: [Object]) -> Int {
    containers.append(elements)
    return containers.count - 1
  }

  private mutating func instance(_ name: String) -> Object {
    instances.append(Instance(name: name))
    return .instance(instances.count - 1)
  }

  /// INST and OBJ of the oldest pickles: a class and its arguments.
  private mutating func pushInstance(_ opcode: UInt8) throws(CheckpointError) {
    var arguments = try popToMark()
    let function: Object
    if opcode == UInt8(ascii: "i") {
      function = .global(try globalName())
    } else {
      guard !arguments.isEmpty else { throw malformed("an object without a class") }
      function = arguments.removeFirst()
    }
    stack.append(try reduce(function, .tuple(add(arguments))))
  }

  /// Numbers and text of the oldest pickles, each a line.
  private mutating func pushLine(_ opcode: UInt8) throws(CheckpointError) {
    let line = try CheckpointError.text(try reader.line(endingWith: UInt8(ascii: "\n")), Pickle.what)
    switch opcode {
    case UInt8(ascii: "I") where line == "00" || line == "01": stack.append(.bool(line == "01"))
    case UInt8(ascii: "I"), UInt8(ascii: "L"):
      stack.append(Int(line.hasSuffix("L") ? String(line.dropLast()) : line).map { .int($0) } ?? .opaque)
    case UInt8(ascii: "F"): stack.append(Double(line).map { .float($0) } ?? .opaque)
    case UInt8(ascii: "V"): stack.append(.string(line))
    default: stack.append(.string(String(line.dropFirst().dropLast())))
    }
  }

  private mutating func pushInteger(_ opcode: UInt8) throws(CheckpointError) {
    switch opcode {
    case UInt8(ascii: "K"): stack.append(.int(Int(try reader.byte())))
    case UInt8(ascii: "M"): stack.append(.int(Int(try reader.integer(UInt16.self))))
    case UInt8(ascii: "J"): stack.append(.int(Int(try reader.integer(Int32.self))))
    default:  // LONG1, LONG4: little-endian two's complement of any length
      let length = opcode == 0x8A ? Int(try reader.byte()) : Int(try reader.integer(Int32.self))
      let bytes = try reader.take(length)
      guard bytes.count <= 8 else {
        stack.append(.opaque)
        return
      }
      var value: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
      for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
      stack.append(.int(Int(Int64(bitPattern: value))))
    }
  }

  private mutating func bigEndianDouble() throws(CheckpointError) -> Double {
    Double(bitPattern: try reader.integer(UInt64.self).byteSwapped)
  }

  private mutating func pushText(_ opcode: UInt8) throws(CheckpointError) {
    let length =
      switch opcode {
      case 0x8C: Int(try reader.byte())
      case 0x8D: try reader.length(UInt64.self)
      default: try reader.length(UInt32.self)
      }
    stack.append(.string(try CheckpointError.text(try reader.take(length), Pickle.what)))
  }

  private mutating func skipBytes(_ opcode: UInt8) throws(CheckpointError) {
    let length =
      switch opcode {
      case UInt8(ascii: "U"), UInt8(ascii: "C"): Int(try reader.byte())
      case 0x8E, 0x96: try reader.length(UInt64.self)
      default: try reader.length(UInt32.self)
      }
    let bytes = try reader.take(length)
    // Text of Python 2 is written as bytes.
    let isText = opcode == UInt8(ascii: "U") || opcode == UInt8(ascii: "T")
    stack.append(isText ? String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .opaque : .opaque)
  }

  private mutating func pushTuple(_ opcode: UInt8) throws(CheckpointError) {
    var elements: [Object] = []
    switch opcode {
    case UInt8(ascii: ")"): break
    case UInt8(ascii: "t"): elements = try popToMark()
    default:
      for _ in 0..<Int(opcode - 0x84) { elements.append(try pop()) }
      elements.reverse()
    }
    stack.append(.tuple(add(elements)))
  }

  private mutating func pushContainer(_ opcode: UInt8) throws(CheckpointError) {
    switch opcode {
    case UInt8(ascii: "]"), 0x8F: stack.append(.list(add([])))
    case UInt8(ascii: "}"): stack.append(.dict(add([])))
    case UInt8(ascii: "l"), 0x91: stack.append(.list(add(try popToMark())))
    default: stack.append(.dict(add(try popToMark())))
    }
  }

  private mutating func extend(_ opcode: UInt8) throws(CheckpointError) {
    var elements: [Object] = []
    switch opcode {
    case UInt8(ascii: "a"): elements = [try pop()]
    case UInt8(ascii: "s"):
      let value = try pop()
      elements = [try pop(), value]
    default: elements = try popToMark()
    }
    switch stack.last {
    case .list(let number), .dict(let number): containers[number] += elements
    case .instance(let number):
      if let contents = instances[number].contents {
        containers[contents] += elements
      } else {
        instances[number].contents = add(elements)
      }
    case .opaque: break
    default: throw malformed("elements for something that holds none")
    }
  }

  private mutating func useMemo(_ opcode: UInt8) throws(CheckpointError) {
    let key: Int =
      switch opcode {
      case UInt8(ascii: "q"), UInt8(ascii: "h"): Int(try reader.byte())
      case UInt8(ascii: "r"), UInt8(ascii: "j"): try reader.length(UInt32.self)
      case UInt8(ascii: "p"), UInt8(ascii: "g"):
        Int(try CheckpointError.text(try reader.line(endingWith: UInt8(ascii: "\n")), Pickle.what)) ?? -1
      default: memo.count
      }
    if opcode == UInt8(ascii: "h") || opcode == UInt8(ascii: "j") || opcode == UInt8(ascii: "g") {
      guard let object = memo[key] else { throw malformed("memo \(key) was never set") }
      stack.append(object)
    } else {
      guard let top = stack.last else { throw malformed("nothing to remember") }
      memo[key] = top
    }
  }

  private mutating func pushGlobal(_ opcode: UInt8) throws(CheckpointError) {
    if opcode == UInt8(ascii: "c") {
      stack.append(.global(try globalName()))
      return
    }
    guard case .string(let last) = try pop(), case .string(let module) = try pop() else {
      throw malformed("a global without a name")
    }
    // Both may be remembered, and joined again and again.
    guard module.utf8.count + last.utf8.count < 4096 else {
      throw malformed("a global with a name of kilobytes")
    }
    stack.append(.global(module + "." + last))
  }

  private mutating func globalName() throws(CheckpointError) -> String {
    let newline = UInt8(ascii: "\n")
    let module = try CheckpointError.text(try reader.line(endingWith: newline), Pickle.what)
    return try module + "." + CheckpointError.text(try reader.line(endingWith: newline), Pickle.what)
  }
}

// MARK: - What is understood of what a pickle names

extension Pickle {
  /// Storages that `torch.save` writes, and the type of their numbers.
  static let storageTypes: [String: ElementType] = [
    "torch.DoubleStorage": .float64, "torch.FloatStorage": .float32, "torch.HalfStorage": .float16,
    "torch.BFloat16Storage": .bfloat16, "torch.LongStorage": .int64, "torch.IntStorage": .int32,
    "torch.ShortStorage": .int16, "torch.CharStorage": .int8, "torch.ByteStorage": .uint8,
    "torch.BoolStorage": .bool,
  ]

  private mutating func reduce(_ function: Object, _ arguments: Object) throws(CheckpointError) -> Object {
    // What a pickle calls without a name is the result of another call.
    guard case .global(let name) = function, let elements = elements(of: arguments) else {
      return instance("a nameless function")
    }
    switch name {
    case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v3":
      guard elements.count >= 4 else {
        throw malformed("a tensor without storage, offset, shape and strides")
      }
      tensors.append(
        TensorRecord(storage: elements[0], offset: elements[1], shape: elements[2], strides: elements[3]))
      return .tensor(tensors.count - 1)
    case "torch._utils._rebuild_parameter":
      guard let tensor = elements.first else { throw malformed("a parameter without its tensor") }
      return tensor
    case "torch._tensor._rebuild_from_type_v2":
      // A subclass of Tensor: the function that makes the tensor, the class, the arguments, attributes.
      guard elements.count >= 3, case .global(let inner) = elements[0],
        inner != name
      else { return instance(name) }
      return try reduce(elements[0], elements[2])
    case "collections.OrderedDict", "collections.defaultdict", "builtins.dict":
      return .dict(add([]))
    case "torch.Size":
      return elements.first ?? .opaque
    default:
      return instance(name)
    }
  }

  private static let objectLimit = 4_000_000
}
