import YOLOX

/// The protocol's descriptions of a model.
enum KServeModel {
  /// Models have one version; reloading does not make another.
  static let version = "1"

  /// "Model Metadata Response JSON Object". A request has exactly one of the inputs.
  struct Metadata: Encodable {
    struct Tensor: Encodable {
      let name: String
      let datatype: String
      /// -1 for a variable size.
      let shape: [Int]
    }

    let name: String
    var versions = [version]
    var platform = "swift-yolox"
    let inputs: [Tensor]
    let outputs: [Tensor]

    init(_ model: Model) {
      name = model.name
      inputs = KServeModel.inputs(of: model).map {
        Tensor(name: $0.name, datatype: $0.datatype.rawValue, shape: $0.shape)
      }
      outputs = InferOutput.Name.allCases.map {
        Tensor(name: $0.rawValue, datatype: $0.datatype, shape: $0.shape(of: model))
      }
    }
  }

  /// Triton's model configuration extension (model_config.proto). `max_batch_size` is 0: shapes include the batch dimension.
  struct Config: Encodable {
    struct Tensor: Encodable {
      let name: String
      let dataType: String
      let dims: [Int]
      var optional: Bool?
    }
    struct Text: Encodable { let stringValue: String }

    let name: String
    var platform = "swift-yolox"
    var backend = "swift-yolox"
    var maxBatchSize = 0
    let input: [Tensor]
    let output: [Tensor]
    /// `labels` has the class names, one per line.
    let parameters: [String: Text]

    init(_ model: Model) {
      name = model.name
      input = KServeModel.inputs(of: model).map { input in
        let type = input.datatype == .bytes ? "STRING" : input.datatype.rawValue
        return Tensor(name: input.name, dataType: "TYPE_" + type, dims: input.shape, optional: true)
      }
      output = InferOutput.Name.allCases.map {
        Tensor(name: $0.rawValue, dataType: "TYPE_" + $0.datatype, dims: $0.shape(of: model))
      }
      parameters = ["labels": Text(stringValue: model.labels.joined(separator: "\n"))]
    }
  }

  struct Ready: Encodable {
    let name: String
    let ready: Bool
  }

  /// Triton's model repository extension.
  struct Entry: Encodable {
    let name: String
    var version = KServeModel.version
    /// `READY` or `UNAVAILABLE`.
    let state: String
    var reason = ""
  }

  private static func inputs(
    of model: Model
  ) -> [(name: String, datatype: InferTensor.Datatype, shape: [Int])] {
    let size = model.inputSize
    return [
      ("images", .bytes, [-1]), ("pixels", .uint8, [-1, -1, -1, 3]),
      ("tensor", .fp32, [-1, 3, size.height, size.width]),
    ]
  }
}

extension InferOutput.Name {
  fileprivate func shape(of model: Model) -> [Int] {
    switch self {
    case .boxes: [-1, -1, 4]
    case .scores, .labels: [-1, -1]
    case .detectionCounts: [-1]
    case .raw: [-1] + model.predictionShape
    }
  }
}
