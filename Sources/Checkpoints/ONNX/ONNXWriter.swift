import Engine

/// Writes an ONNX file of float32 numbers (onnx.proto3): nodes in the order in which they are added, constants beside
/// them.
package struct ONNXWriter {
  package enum Attribute {
    case int(Int)
    case ints([Int])
    case float(Float)
    case text(String)
  }

  /// A dimension: a length, or the name of one that is open.
  package enum Length {
    case fixed(Int)
    case open(String)
  }

  /// Versions of the standard operators that this writer's callers may ask for.
  package static let opsets = 13...21

  private var graph = ProtobufWriter()
  private var nodeCount = 0
  private var constants = Set<String>()
  private let opset: Int

  package init(opset: Int, name: String) {
    self.opset = opset
    graph.text(2, name)
  }

  /// - Returns: the name of the node's output.
  package mutating func node(
    _ operation: String, _ inputs: [String], output: String? = nil, _ attributes: [(String, Attribute)] = []
  ) -> String {
    nodeCount += 1
    let output = output ?? "value_\(nodeCount)"
    graph.message(1) { node in
      for input in inputs { node.text(1, input) }
      node.text(2, output)
      node.text(3, "\(operation)_\(nodeCount)")
      node.text(4, operation)
      for (name, value) in attributes { node.message(5) { $0.attribute(name, value) } }
    }
    return output
  }

  /// Adds a constant once, however often it is asked for.
  ///
  /// - Returns: `name`
  package mutating func constant(_ name: String, _ tensor: Tensor) -> String {
    var raw: [UInt8] = []
    raw.reserveCapacity(tensor.count * 4)
    for value in tensor.values { raw.append(little: value.bitPattern) }
    return constant(name, shape: tensor.shape, type: 1, raw)
  }

  /// - Returns: `name`
  package mutating func constant(_ name: String, _ integers: [Int]) -> String {
    var raw: [UInt8] = []
    for value in integers { raw.append(little: Int64(value)) }
    return constant(name, shape: [integers.count], type: 7, raw)
  }

  private mutating func constant(_ name: String, shape: [Int], type: Int, _ raw: [UInt8]) -> String {
    guard constants.insert(name).inserted else { return name }
    graph.message(5) { tensor in
      for length in shape { tensor.number(1, length) }
      tensor.number(2, type)
      tensor.text(8, name)
      tensor.data(9, raw)
    }
    return name
  }

  package mutating func input(_ name: String, _ shape: [Length]) { value(11, name, shape) }

  package mutating func output(_ name: String, _ shape: [Length]) { value(12, name, shape) }

  /// ValueInfoProto
  private mutating func value(_ field: Int, _ name: String, _ shape: [Length]) {
    graph.message(field) { info in
      info.text(1, name)
      info.message(2) { type in
        type.message(1) { tensor in
          tensor.number(1, 1)
          tensor.message(2) { dimensions in
            for length in shape {
              dimensions.message(1) { dimension in
                switch length {
                case .fixed(let length): dimension.number(1, length)
                case .open(let name): dimension.text(2, name)
                }
              }
            }
          }
        }
      }
    }
  }

  /// The whole file.
  package consuming func finished(metadata: [String: String]) -> [UInt8] {
    var model = ProtobufWriter()
    // The oldest version of the format that has these operators (onnx/docs/Versioning.md).
    model.number(1, opset > 20 ? 10 : opset > 18 ? 9 : 8)
    model.text(2, "swift-yolox")
    model.data(7, graph.bytes)
    let opset = opset
    model.message(8) { $0.number(2, opset) }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      model.message(14) { entry in
        entry.text(1, key)
        entry.text(2, value)
      }
    }
    return model.bytes
  }
}

extension ProtobufWriter {
  /// AttributeProto
  fileprivate mutating func attribute(_ name: String, _ value: ONNXWriter.Attribute) {
    text(1, name)
    switch value {
    case .float(let value):
      float(2, value)
      number(20, 1)
    case .int(let value):
      number(3, value)
      number(20, 2)
    case .text(let value):
      text(4, value)
      number(20, 3)
    case .ints(let values):
      for value in values { number(8, value) }
      number(20, 7)
    }
  }
}
