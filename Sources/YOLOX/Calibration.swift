import Checkpoints
import Engine

/// Calibration data of a weights file for precisions below float32.
package struct Calibration: Sendable, Equatable {
  /// The range of each layer, required for int8.
  package var ranges: ActivationRanges
  /// Average precision (0...1) on annotated images, for each measured precision.
  package var averagePrecision: [Precision: Double]

  package init(ranges: ActivationRanges, averagePrecision: [Precision: Double] = [:]) {
    self.ranges = ranges
    self.averagePrecision = averagePrecision
  }

  private static let suffix = ".range"
  private static func metadataKey(_ precision: Precision) -> String { "ap_" + precision.rawValue }

  /// Reads ``tensors`` and ``metadata`` of a file; `nil` if it has no ranges.
  init?(tensors: Parameters, metadata: [String: String]) {
    ranges = [:]
    averagePrecision = [:]
    for (name, tensor) in tensors where name.hasSuffix(Calibration.suffix) {
      guard tensor.shape.count == 2, tensor.shape[0] == 3 else { continue }
      let channels = tensor.shape[1]
      ranges[String(name.dropLast(Calibration.suffix.count))] = ActivationRange(
        lowest: Array(tensor.values[..<channels]), highest: Array(tensor.values[channels..<2 * channels]),
        mean: Array(tensor.values[(2 * channels)...]))
    }
    guard !ranges.isEmpty else { return nil }
    for precision in Precision.allCases {
      averagePrecision[precision] = metadata[Calibration.metadataKey(precision)].flatMap(Double.init)
    }
  }

  /// `<layer>.range`, `[3, channels]`: lower end, upper end and mean for each channel of the layer's result.
  var tensors: Parameters {
    Dictionary(
      uniqueKeysWithValues: ranges.map { path, range in
        (
          path + Calibration.suffix,
          Tensor(shape: [3, range.lowest.count], values: range.lowest + range.highest + range.mean)
        )
      })
  }

  /// `ap_fp32`, `ap_bf16`, `ap_int8`.
  var metadata: [String: String] {
    Dictionary(
      uniqueKeysWithValues: averagePrecision.map { (Calibration.metadataKey($0), "\($1)") })
  }
}

extension PretrainedWeights {
  /// Runs the network over prepared images, twice, and finds the range of each layer.
  ///
  /// - Parameters:
  ///   - count: number of images.
  ///   - image: returns the image of an index; called twice for each.
  package func calibrated(
    pool: WorkerPool, imageCount count: Int, inputSize: InputSize? = nil,
    image: (_ index: Int, _ pass: Int) throws -> Tensor
  ) throws -> ActivationRanges {
    let size = inputSize ?? self.inputSize
    var calibrator = try Calibrator(
      Graph.yolox(architecture, classCount: classCount), parameters: parameters, height: size.height,
      width: size.width, pool: pool)
    for index in 0..<count { calibrator.observeMinMax(try image(index, 0)) }
    let overflowing = calibrator.overflowingLayers
    guard overflowing.isEmpty else {
      throw ModelError.unusable(
        "\(overflowing.count) layers give values beyond any sensible range (\(overflowing.prefix(3).joined(separator: ", "))); such weights cannot be quantized"
      )
    }
    for index in 0..<count { calibrator.observeHistogram(try image(index, 1)) }
    return calibrator.ranges
  }

  /// Writes the weights as safetensors with the model's metadata and calibration.
  ///
  /// - Parameter type: how numbers are stored: float32, or rounded to float16 or bfloat16.
  package func write(
    to path: String, calibration: Calibration?, inputSize: InputSize? = nil,
    as type: ElementType = .float32,
    license: String? = nil
  ) throws(CheckpointError) {
    let metadata = ModelMetadata.values(
      architecture: architecture, labels: labels, inputSize: inputSize ?? self.inputSize,
      preprocessing: preprocessing, license: license ?? self.license)
    try Safetensors.write(
      parameters.merging(calibration?.tensors ?? [:]) { weight, _ in weight },
      metadata: metadata.merging(calibration?.metadata ?? [:]) { value, _ in value }, as: type, to: path)
  }
}
