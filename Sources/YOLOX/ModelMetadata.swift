import Imaging

/// What our safetensors files say about a model besides its tensors, under these keys of `__metadata__`:
///
/// | key | value |
/// | --- | --- |
/// | `format` | `yolox` |
/// | `variant` | `nano`, `tiny`, ...; for people, the network is recognised by its tensors |
/// | `labels` | one a line, in the order of the class indices |
/// | `input_size` | `416x416`: height, width |
/// | `preprocessing` | `standard` (BGR 0...255) or `legacy` (RGB, normalised) |
/// | `license` | an SPDX identifier, e.g. `Apache-2.0`; optional |
package struct ModelMetadata {
  private let values: [String: String]

  init(_ values: [String: String]) { self.values = values }

  func labels(classCount: Int) throws(ModelError) -> [String] {
    guard let text = values["labels"] else { return ModelMetadata.defaultLabels(classCount: classCount) }
    let labels = text.split(separator: "\n").map(String.init)
    guard labels.count == classCount else {
      throw .labelCount(labels: labels.count, classes: classCount)
    }
    return labels
  }

  func inputSize() throws(ModelError) -> InputSize? {
    guard let text = values["input_size"] else { return nil }
    guard let size = InputSize(text) else { throw .inputSize(text) }
    return size
  }

  func preprocessing() throws(ModelError) -> Preprocessing? {
    guard let name = values["preprocessing"] else { return nil }
    guard let preprocessing = Preprocessing(rawValue: name) else { throw .unknownPreprocessing(name) }
    return preprocessing
  }

  var license: String? { values["license"] }

  /// COCO's names for 80 classes; numbered ones otherwise.
  static func defaultLabels(classCount: Int) -> [String] {
    classCount == cocoLabels.count ? cocoLabels : (0..<classCount).map { "class \($0)" }
  }

  /// What to write beside the tensors of a model.
  package static func values(
    architecture: Architecture, labels: [String], inputSize: InputSize, preprocessing: Preprocessing,
    license: String? = nil
  ) -> [String: String] {
    var values = [
      "format": "yolox",
      "variant": Variant(architecture)?.rawValue ?? "custom",
      "labels": labels.joined(separator: "\n"),
      "input_size": inputSize.description,
      "preprocessing": preprocessing.rawValue,
    ]
    values["license"] = license
    return values
  }
}
