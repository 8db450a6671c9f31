import Engine
import HTTPServer
import HTTPTypes
import YOLOX

/// One of the tensors that a request can ask for.
struct InferOutput: Sendable {
  enum Name: String, Sendable, CaseIterable {
    /// FP32 [n, k, 4]: x1, y1, x2, y2 in pixels of the picture, by falling score.
    case boxes
    /// FP32 [n, k]
    case scores
    /// INT64 [n, k]: class indices.
    case labels
    /// INT32 [n]: how many of the k are detections; the rest fills up.
    case detectionCounts = "num_detections"
    /// FP32 [n, anchors, 5 + classes]: the network's own numbers, as the authors' ONNX export gives them.
    case raw

    /// What a request that names none is given.
    static let usual: [Name] = [.boxes, .scores, .labels, .detectionCounts]

    var datatype: String {
      switch self {
      case .boxes, .scores, .raw: "FP32"
      case .labels: "INT64"
      case .detectionCounts: "INT32"
      }
    }
  }

  let name: Name
  /// Whether it is given as bytes behind the JSON.
  let isBinary: Bool

  init(name: Name, isBinary: Bool) {
    self.name = name
    self.isBinary = isBinary
  }

  init(_ name: String, _ parameters: [String: JSONValue], prefersBinary: Bool) throws(Problem) {
    guard let known = Name(rawValue: name) else {
      let names = Name.allCases.map(\.rawValue).joined(separator: ", ")
      throw .badBody("unexpected inference output '\(name)'; there are \(names)")
    }
    for unknown in ["classification", "shared_memory_region"] where parameters[unknown] != nil {
      throw .badBody("Output '\(name)' cannot be given with the parameter \(unknown).")
    }
    self.init(name: known, isBinary: parameters["binary_data"]?.flag ?? prefersBinary)
  }
}

/// What was found in the pictures of a request, as tensors: as many places for each picture as the one with the most
/// detections needs, the others filled up with boxes and scores of 0 and labels of -1.
struct InferResponse: Sendable {
  let model: String
  let id: String?
  let outputs: [InferOutput]
  /// For each picture; with the network's numbers where they are an output.
  let found: [Prediction]

  var response: Response {
    let tensors = outputs.map(tensor)
    var binary: [UInt8] = []
    for tensor in tensors where tensor.isBinary { binary += tensor.elements.bytes }
    let json = encodeJSON(
      Document(id: id, modelName: model, modelVersion: KServeModel.version, outputs: tensors),
      inSnakeCase: true)
    guard outputs.contains(where: \.isBinary) else {
      return Response(.ok, fields: [.contentType: "application/json"], body: json)
    }
    return Response(
      .ok,
      fields: [.contentType: "application/octet-stream", .inferenceHeaderContentLength: "\(json.count)"],
      body: json + binary)
  }

  private struct Document: Encodable {
    let id: String?
    let modelName: String
    let modelVersion: String
    let outputs: [Tensor]
  }

  // MARK: Tensors

  private struct Tensor: Encodable {
    let name: InferOutput.Name
    let shape: [Int]
    let elements: Elements
    let isBinary: Bool

    private enum CodingKeys: CodingKey { case name, datatype, shape, parameters, data }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name.rawValue, forKey: .name)
      try container.encode(name.datatype, forKey: .datatype)
      try container.encode(shape, forKey: .shape)
      if isBinary {
        try container.encode(["binary_data_size": elements.byteCount], forKey: .parameters)
      } else {
        switch elements {
        case .fp32(let values): try container.encode(values, forKey: .data)
        case .int64(let values): try container.encode(values, forKey: .data)
        case .int32(let values): try container.encode(values, forKey: .data)
        }
      }
    }
  }

  private enum Elements {
    case fp32([Float])
    case int64([Int64])
    case int32([Int32])

    var byteCount: Int {
      switch self {
      case .fp32(let values): values.count * MemoryLayout<Float>.size
      case .int64(let values): values.count * MemoryLayout<Int64>.size
      case .int32(let values): values.count * MemoryLayout<Int32>.size
      }
    }

    /// Little-endian.
    var bytes: [UInt8] {
      switch self {
      case .fp32(let values): bytes(values.map(\.bitPattern.littleEndian))
      case .int64(let values): bytes(values.map(\.littleEndian))
      case .int32(let values): bytes(values.map(\.littleEndian))
      }
    }

    private func bytes(_ values: [some FixedWidthInteger]) -> [UInt8] {
      values.withUnsafeBytes { Array($0) }
    }
  }

  private func tensor(_ output: InferOutput) -> Tensor {
    let detections = found.map(\.detections)
    let count = detections.count
    let places = detections.map(\.count).max() ?? 0
    func filled<Element>(_ filling: Element, _ element: (Detection) -> Element) -> [Element] {
      detections.flatMap { found in
        found.map(element) + Array(repeating: filling, count: places - found.count)
      }
    }
    let (shape, elements): ([Int], Elements) =
      switch output.name {
      case .boxes:
        (
          [count, places, 4],
          .fp32(filled([0, 0, 0, 0]) { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] }.flatMap(\.self))
        )
      case .scores: ([count, places], .fp32(filled(0, \.score)))
      case .labels: ([count, places], .int64(filled(-1) { Int64($0.classID) }))
      case .detectionCounts: ([count], .int32(detections.map { Int32($0.count) }))
      case .raw:
        (
          [count] + (found.first?.predictions?.shape ?? [0, 0]),
          .fp32(found.flatMap { $0.predictions?.values ?? [] })
        )
      }
    return Tensor(name: output.name, shape: shape, elements: elements, isBinary: output.isBinary)
  }
}
