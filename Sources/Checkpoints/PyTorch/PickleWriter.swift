/// Writes the pickle opcodes that a PyTorch checkpoint needs (Python's pickletools.py describes the codes;
/// protocol 2, as torch.save writes).
struct PickleWriter {
  private enum Code: UInt8 {
    case protocolVersion = 0x80
    case stop = 0x2E  // .
    case mark = 0x28  // (
    case emptyDictionary = 0x7D  // }
    case emptyList = 0x5D  // ]
    case emptyTuple = 0x29  // )
    case setItems = 0x75  // u
    case appends = 0x65  // e
    case tuple = 0x74  // t
    case text = 0x58  // X
    case int32 = 0x4A  // J
    case falseValue = 0x89
    case global = 0x63  // c
    case reduce = 0x52  // R
    case persistentID = 0x51  // Q
  }

  private var bytes: [UInt8] = [Code.protocolVersion.rawValue, 2]

  consuming func finished() -> [UInt8] {
    bytes.append(Code.stop.rawValue)
    return bytes
  }

  /// `body` writes keys and values alternately.
  mutating func dictionary(_ body: (inout PickleWriter) -> Void) {
    put(.emptyDictionary)
    put(.mark)
    body(&self)
    put(.setItems)
  }

  mutating func orderedDictionary(_ body: (inout PickleWriter) -> Void) {
    global("collections", "OrderedDict")
    put(.emptyTuple)
    put(.reduce)
    put(.mark)
    body(&self)
    put(.setItems)
  }

  mutating func list(_ body: (inout PickleWriter) -> Void) {
    put(.emptyList)
    put(.mark)
    body(&self)
    put(.appends)
  }

  mutating func text(_ text: some StringProtocol) {
    put(.text)
    bytes.append(little: UInt32(text.utf8.count))
    bytes += Array(text.utf8)
  }

  mutating func integer(_ value: Int) {
    put(.int32)
    bytes.append(little: Int32(clamping: value))
  }

  /// `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`, the storage by its number.
  mutating func tensor(storage: Int, type: String, shape: [Int]) {
    global("torch._utils", "_rebuild_tensor_v2")
    put(.mark)
    put(.mark)
    text("storage")
    global("torch", type)
    text("\(storage)")
    text("cpu")
    integer(shape.reduce(1, *))
    put(.tuple)
    put(.persistentID)
    integer(0)
    tuple(shape)
    tuple(shape.indices.map { shape[($0 + 1)...].reduce(1, *) })
    put(.falseValue)
    orderedDictionary { _ in }
    put(.tuple)
    put(.reduce)
  }

  private mutating func tuple(_ numbers: [Int]) {
    put(.mark)
    for number in numbers { integer(number) }
    put(.tuple)
  }

  private mutating func global(_ module: String, _ name: String) {
    put(.global)
    bytes += Array("\(module)\n\(name)\n".utf8)
  }

  private mutating func put(_ code: Code) { bytes.append(code.rawValue) }
}
