import Engine
import HTTPServer
import HTTPTypes
import OrderedJSON
import YOLOX

/// An output tensor of the model.
struct InferOutput: Sendable {
  enum Name: String, Sendable, CaseIterable {
    /// FP32 [n, k, 4]: x1, y1, x2, y2 in pixels of the image, by descending score.
    case boxes
    /// FP32 [n, k]
    case scores
    /// INT64 [n, k]: class indices.
    case labels
    /// INT32 [n]: how many of the k are detections; the others are padding.
    case detectionCounts = "num_detections"
    /// FP32 [n, anchors, 5 + classes]: the network's raw predictions, as in the authors' ONNX export.
    case raw

    /// The outputs of a request that names none.
    static let defaults: [Name] = [.boxes, .scores, .labels, .detectionCounts]

    var datatype: String {
      switch self {
      case .boxes, .scores, .raw: "FP32"
      case .labels: "INT64"
      case .detectionCounts: "INT32"
      }
    }
  }

  let name: Name
  /// Whether its elements follow the JSON as bytes.
  let isBinary: Bool

  init(name: Name, isBinary: Bool) {
    self.name = name
    self.isBinary = isBinary
  }

  init(_ name: String, _ parameters: [String: JSONValue], prefersBinary: Bool) throws(Problem) {
    guard let output = Name(rawValue: name) else {
      let names = Name.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalidBody("unexpected inference output '\(name.excerpt)'; the model has \(names)")
    }
    for unsupported in ["classification", "shared_memory_region"] where parameters[unsupported] != nil {
      throw .invalidBody("The parameter \(unsupported) of output '\(name)' is not supported.")
    }
    self.init(name: output, isBinary: parameters["binary_data"]?.bool ?? prefersBinary)
  }
}

/// The detections of a request's images as tensors. Images with fewer detections than the one with most are padded with
/// boxes and scores of 0 and labels of -1.
struct InferResponse: Sendable {
  let model: String
  let id: String?
  let outputs: [InferOutput]
  /// For each image; with raw predictions if they are an output.
  let predictions: [Prediction]

  /// - Throws: if raw predictions that JSON has to contain are not finite. The client's own input can cause that.
  func encoded() throws(Problem) -> Response {
    let tensors = outputs.map(tensor)
    var binary: [UInt8] = []
    for tensor in tensors where tensor.isBinary { binary += tensor.elements.bytes }
    let document = Document(id: id, modelName: model, modelVersion: KServeModel.version, outputs: tensors)
    let json: [UInt8]
    do { json = try OrderedJSONEncoder(keyStyle: .snakeCase).encode(document) } catch {
      throw .invalidBody(
        "The input gives numbers that are not finite, which JSON cannot express; request binary_data.")
    }
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
    let detections = predictions.map(\.detections)
    let count = detections.count
    let maxCount = detections.map(\.count).max() ?? 0
    func padded<Element>(_ padding: Element, _ element: (Detection) -> Element) -> [Element] {
      detections.flatMap { found in
        found.map(element) + Array(repeating: padding, count: maxCount - found.count)
      }
    }
    let (shape, elements): ([Int], Elements) =
      switch output.name {
      case .boxes:
        (
          [count, maxCount, 4],
          .fp32(padded([0, 0, 0, 0]) { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] }.flatMap(\.self))
        )
      case .scores: ([count, maxCount], .fp32(padded(0, \.score)))
      case .labels: ([count, maxCount], .int64(padded(-1) { Int64($0.classID) }))
      case .detectionCounts: ([count], .int32(detections.map { Int32($0.count) }))
      case .raw:
        (
          [count] + (predictions.first?.predictions?.shape ?? [0, 0]),
          .fp32(predictions.flatMap { $0.predictions?.values ?? [] })
        )
      }
    return Tensor(name: output.name, shape: shape, elements: elements, isBinary: output.isBinary)
  }
}
