import FoundationCompatibility

/// `weights/manifest.json`: the published weights, their URLs and digests.
package struct Manifest: Decodable, Sendable {
  package struct Model: Decodable, Sendable {
    /// `yolox-nano`
    package let name: String
    /// `yolox_nano.onnx`
    package let file: String
    package let url: String
    /// Size of the file; `nil` if it is not recorded.
    package let bytes: Int?
    /// Digest in lower-case hexadecimal; `nil` if none is published or confirmed.
    package let sha256: String?
    /// Other files with the same weights, accepted instead of the published one.
    package let alternatives: [Alternative]?

    package var acceptedDigests: [String] { [sha256].compactMap(\.self) + (alternatives ?? []).map(\.sha256) }
  }

  package struct Alternative: Decodable, Sendable {
    package let note: String
    package let bytes: Int
    package let sha256: String
  }

  package let models: [Model]

  package init(contentsOf path: String) throws(FetchError) {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: path)) } catch {
      throw .manifest(path: path, reason: fileErrorReason(error))
    }
    do { self = try JSONDecoder().decode(Manifest.self, from: data) } catch {
      throw .manifest(path: path, reason: "\(error)")
    }
  }

  /// Finds a model by `yolox-nano`, `nano`, `yolox_nano` or `yolox_nano.onnx`.
  package func model(named name: String) throws(FetchError) -> Model {
    let matches = { (model: Model) in
      [
        model.name, String(model.name.dropFirst("yolox-".count)), model.file,
        String(model.file.prefix { $0 != "." }),
      ]
      .contains(name.lowercased())
    }
    guard let model = models.first(where: matches) else {
      throw .unknownModel(name, known: models.map(\.name))
    }
    return model
  }
}
