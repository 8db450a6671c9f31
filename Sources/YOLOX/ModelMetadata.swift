import Engine
import FoundationCompatibility
import Imaging

/// What files say about a model besides its tensors. Our safetensors files say it under these keys of `__metadata__`:
///
/// | key | value |
/// | --- | --- |
/// | `format` | `yolox` |
/// | `variant` | `nano`, `tiny`, ...; informative, because the network is recognised by its tensors |
/// | `labels` | one a line, in the order of the class indices |
/// | `input_size` | `416x416`: height, width |
/// | `preprocessing` | `standard` (BGR 0...255) or `legacy` (RGB, normalised) |
/// | `activation` | `silu`, `relu`, ...; where it is another than the paper's |
/// | `license` | an SPDX identifier, e.g. `Apache-2.0`; optional |
///
/// ONNX files of other exporters have `names`, a dictionary or a list as JSON or Python writes it, and `imgsz`.
package struct ModelMetadata {
  private let values: [String: String]

  init(_ values: [String: String]) { self.values = values }

  /// - Throws: ``ModelError/labelCount(labels:classes:)`` if there is another number of labels than of classes.
  func labels(classCount: Int) throws(ModelError) -> [String]? {
    guard let labels = values["labels"]?.split(separator: "\n").map(String.init) ?? foreignLabels else {
      return nil
    }
    guard labels.count == classCount else {
      throw .labelCount(labels: labels.count, classes: classCount)
    }
    return labels
  }

  func inputSize() throws(ModelError) -> InputSize? {
    guard let text = values["input_size"] ?? foreignInputSize else { return nil }
    guard let size = InputSize(text) else { throw .inputSize(text) }
    return size
  }

  func preprocessing() throws(ModelError) -> Preprocessing? {
    guard let name = values["preprocessing"] else { return nil }
    guard let preprocessing = Preprocessing(rawValue: name) else { throw .unknownPreprocessing(name) }
    return preprocessing
  }

  func activation() throws(ModelError) -> Activation? {
    guard let name = values["activation"] else { return nil }
    guard let activation = Activation(name: name) else {
      throw .unusable("the file names the activation '\(name)', which this version does not know")
    }
    return activation
  }

  private var foreignLabels: [String]? {
    guard let text = values["names"] else { return nil }
    if let list = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) { return list }
    let table =
      (try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))) ?? pythonDictionary(text)
    let indices = table.keys.compactMap { Int($0) }.sorted()
    guard !table.isEmpty, indices == Array(0..<table.count) else { return nil }
    return indices.compactMap { table["\($0)"] }
  }

  /// `{0: 'person', 1: "driver's seat"}`
  private func pythonDictionary(_ text: String) -> [String: String] {
    var table: [String: String] = [:]
    var rest = text[...].drop { $0 == "{" || $0.isWhitespace }
    while let colon = rest.firstIndex(of: ":") {
      let key = String(rest[..<colon]).filter(\.isNumber)
      rest = rest[rest.index(after: colon)...].drop(while: \.isWhitespace)
      guard let quote = rest.first, quote == "'" || quote == "\"" else { return [:] }
      rest = rest.dropFirst()
      var label = ""
      while let character = rest.popFirst(), character != quote {
        if character == "\\", let escaped = rest.popFirst() {
          label.append(escaped)
        } else {
          label.append(character)
        }
      }
      table[key] = label
      rest = rest.drop { $0 == "," || $0.isWhitespace }
    }
    return table
  }

  /// `640`, `[384, 640]`, or `imgsz_h` and `imgsz_w`.
  private var foreignInputSize: String? {
    if let height = values["imgsz_h"], let width = values["imgsz_w"] { return "\(height)x\(width)" }
    guard let text = values["imgsz"] else { return nil }
    return text.split { !$0.isNumber }.joined(separator: "x")
  }

  var license: String? { values["license"] }

  /// COCO's names for 80 classes; numbered ones otherwise.
  static func defaultLabels(classCount: Int) -> [String] {
    classCount == cocoLabels.count ? cocoLabels : (0..<classCount).map { "class \($0)" }
  }

  /// The metadata to write with a model's tensors.
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
    if architecture.activation != Architecture(backbone: architecture.backbone).activation {
      values["activation"] = architecture.activation.name
    }
    values["license"] = license
    return values
  }
}

extension Activation {
  /// What users call it.
  package static let named: [(name: String, activation: Activation)] = [
    ("silu", .silu), ("relu", .relu), ("lrelu", .leakyReLU), ("relu6", .relu6), ("hardswish", .hardSwish),
  ]

  package init?(name: String) {
    guard let found = Activation.named.first(where: { $0.name == name })?.activation else { return nil }
    self = found
  }

  package var name: String { Activation.named.first { $0.activation == self }?.name ?? "\(self)" }
}
