/// The JSON of an inference request. Its lists are bounded while they are read.
struct InferDocument {
  typealias Parameters = [String: JSONValue]

  private(set) var id: String?
  private(set) var parameters: Parameters = [:]
  private(set) var input: InferTensor?
  private(set) var outputs: [(name: String, parameters: Parameters)] = []

  init(_ json: ArraySlice<UInt8>) throws(Problem) {
    var reader = JSONReader(json)
    var document = InferDocument()
    try reader.document { reader, name throws(Problem) in
      if try reader.takeNull() { return }
      switch name {
      case "id": document.id = try reader.string()
      case "parameters": document.parameters = try InferDocument.parameters(&reader)
      case "inputs":
        try reader.array { reader, index throws(Problem) in
          guard index == 0 else {
            throw .invalidBody("expected 1 input but got more; send images as one tensor.")
          }
          document.input = try InferTensor(&reader)
        }
      case "outputs":
        try reader.array { reader, index throws(Problem) in
          guard index < InferOutput.Name.allCases.count else {
            throw .invalidBody("The JSON has more outputs than the model.")
          }
          document.outputs.append(try InferDocument.output(&reader))
        }
      default: try reader.skip()
      }
    }
    self = document
  }

  private init() {}

  private static func output(
    _ reader: inout JSONReader
  ) throws(Problem) -> (name: String, parameters: Parameters) {
    var (name, parameters): (String?, Parameters) = (nil, [:])
    try reader.object { reader, member throws(Problem) in
      switch member {
      case "name": name = try reader.string()
      case "parameters": parameters = try InferDocument.parameters(&reader)
      default: try reader.skip()
      }
    }
    guard let name else { throw .invalidBody("An output of the JSON has no name.") }
    return (name, parameters)
  }

  static func parameters(_ reader: inout JSONReader) throws(Problem) -> Parameters {
    if try reader.takeNull() { return [:] }
    var parameters: Parameters = [:]
    try reader.object { reader, name throws(Problem) in
      parameters[name] = try DetectParameters.value(of: name, &reader)
    }
    return parameters
  }
}
