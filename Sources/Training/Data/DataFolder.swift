import FoundationCompatibility

/// A data set in one folder. The layout of COCO's downloads is
///
///     DIR/annotations/instances_train2017.json   or DIR/instances_train2017.json, DIR/train.json
///     DIR/train2017/                             or DIR/images/train2017/
///
/// where names with prefix `train` are for training, those with prefix `val` for validation. ``source(_:segmentations:)``
/// reads others as well.
package struct DataFolder {
  package enum Split: String, Sendable, CaseIterable {
    case train, val
  }

  package struct Part: Equatable, Sendable {
    package let annotations: String
    package let images: String

    package init(annotations: String, images: String) {
      self.annotations = annotations
      self.images = images
    }
  }

  let path: String

  package init(_ path: String) { self.path = path }

  /// - Returns: `nil` if there are no annotations for `split`.
  /// - Throws: ``TrainingError/unusableData(path:reason:)`` if the images are missing, or
  ///   there are several annotation files.
  package func part(_ split: Split) throws(TrainingError) -> Part? {
    let found = ["", "/annotations"].flatMap { folder in
      files(in: path + folder).compactMap { file -> (name: String, path: String)? in
        guard file.hasSuffix(".json") else { return nil }
        let name = String(file.dropLast(5)).removingPrefix("instances_")
        return name.hasPrefix(split.rawValue) ? (name, "\(path)\(folder)/\(file)") : nil
      }
    }
    guard let first = found.first else { return nil }
    guard found.count == 1 else {
      throw .unusableData(
        path: path,
        reason: "several files for \(split.rawValue): \(found.map(\.path).joined(separator: ", "))")
    }
    let folders = ["\(path)/\(first.name)", "\(path)/images/\(first.name)"]
    guard let images = folders.first(where: isFolder) else {
      throw .unusableData(
        path: first.path, reason: "its images are neither in \(folders[0]) nor in \(folders[1])")
    }
    return Part(annotations: first.path, images: images)
  }

  func files(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  func isFolder(_ path: String) -> Bool {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType == .typeDirectory
  }
}

extension String {
  fileprivate func removingPrefix(_ prefix: String) -> String {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
  }
}
