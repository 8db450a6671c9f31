import COCO
import FoundationCompatibility

/// Annotations of one split, however they are stored, and the folder of their images.
package struct DataSource: Sendable {
  package let annotations: Annotations
  package let images: String
  /// By annotation id; empty unless asked for.
  package let segmentations: [Int: Segmentation]
  /// One line for each record that was left out while reading.
  package let issues: [String]
  /// The file or folder of the annotations, for messages.
  package let path: String

  /// Reads a COCO file.
  package init(annotations path: String, images: String, segmentations: Bool) throws {
    let read = try Annotations.readingUsableRecords(of: path)
    self.init(
      annotations: read.annotations.withoutRoboflowGroup, images: images,
      segmentations: segmentations ? try Segmentation.read(path) : [:], issues: read.issues, path: path)
  }

  init(_ conversion: Conversion, images: String, path: String) {
    self.init(
      annotations: conversion.annotations, images: images, segmentations: conversion.segmentations,
      issues: conversion.issues, path: path)
  }

  private init(
    annotations: Annotations, images: String, segmentations: [Int: Segmentation], issues: [String],
    path: String
  ) {
    (self.annotations, self.images, self.segmentations) = (annotations, images, segmentations)
    (self.issues, self.path) = (issues, path)
  }

  package var dataset: DetectionDataset {
    DetectionDataset(
      annotations: annotations, images: images, segmentations: segmentations, issues: issues)
  }
}

extension Annotations {
  /// Without the category that Roboflow adds for all others: id 0, the `supercategory` of all others, no objects.
  fileprivate var withoutRoboflowGroup: Annotations {
    guard categories.count > 1, let group = categories.first(where: { $0.id == 0 }),
      categories.allSatisfy({ $0.id == 0 || $0.supercategory == group.name }),
      !objects.contains(where: { $0.categoryID == 0 })
    else { return self }
    return Annotations(images: images, categories: categories.filter { $0.id != 0 }, objects: objects)
  }
}

extension DataFolder {
  /// Reads the annotations of a split in any of the layouts that docs/training.md lists.
  ///
  /// - Returns: `nil` if the data set has no such split.
  package func source(_ split: Split, segmentations: Bool = false) throws -> DataSource? {
    if let yaml = try descriptionPath { return try yoloSource(split, yaml) }
    if let part = try part(.train) {
      guard let part = split == .train ? part : try self.part(split) else { return nil }
      return try DataSource(
        annotations: part.annotations, images: part.images, segmentations: segmentations)
    }
    if exists("train/_annotations.coco.json") {
      guard let folder = split.folders.first(where: { exists("\($0)/_annotations.coco.json") }) else {
        return nil
      }
      return try DataSource(
        annotations: "\(path)/\(folder)/_annotations.coco.json", images: "\(path)/\(folder)",
        segmentations: segmentations)
    }
    if exists("annotations/instances_default.json") {
      guard split == .train else { return nil }
      let images = ["images/default", "images"].first(where: exists) ?? "images"
      return try DataSource(
        annotations: path + "/annotations/instances_default.json", images: "\(path)/\(images)",
        segmentations: segmentations)
    }
    if exists("Annotations"), exists("JPEGImages") { return try vocSource(split) }
    if hasXML("train") { return try vocFolderSource(split) }
    return try unnamedYOLOSource(split)
  }

  // MARK: YOLO

  private var descriptionPath: String? {
    get throws(TrainingError) {
      let found = files(in: path).filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
      if found.contains("data.yaml") { return path + "/data.yaml" }
      guard found.count < 2 else {
        throw .unusableData(
          path: path, reason: "several descriptions of a data set: \(found.joined(separator: ", "))")
      }
      return found.first.map { "\(path)/\($0)" }
    }
  }

  private func yoloSource(_ split: Split, _ yaml: String) throws(TrainingError) -> DataSource? {
    guard let data = FileManager.default.contents(atPath: yaml) else {
      throw .unusableData(path: yaml, reason: "cannot be read")
    }
    let description = try YOLODescription(parsing: String(decoding: data, as: UTF8.self), path: yaml)
    guard let written = description.folders[split.rawValue] else {
      guard split == .val else { throw .unusableData(path: yaml, reason: "no 'train' in it") }
      return nil
    }
    guard let images = yoloFolder(written, root: description.folders["path"]) else {
      // Roboflow names splits that an export may lack.
      if split == .val { return nil }
      throw .unusableData(path: yaml, reason: "the folder '\(written)' of 'train' is not found beside it")
    }
    guard let labels = yoloLabels(images) else {
      throw .unusableData(path: images, reason: "no folder 'labels' with text files belongs to these images")
    }
    return DataSource(
      try Conversion.yolo(labels, images: images, names: description.names), images: images, path: labels)
  }

  /// Roboflow writes `../train/images` for a folder beside the file.
  private func yoloFolder(_ written: String, root: String?) -> String? {
    var relative = written
    while relative.hasPrefix("../") || relative.hasPrefix("./") {
      relative = String(relative.drop { $0 == "." }.dropFirst())
    }
    var candidates: [String] = []
    if let root {
      candidates.append(root.hasPrefix("/") ? "\(root)/\(written)" : "\(path)/\(root)/\(written)")
    }
    candidates += written.hasPrefix("/") ? [written] : ["\(path)/\(written)", "\(path)/\(relative)"]
    guard let found = candidates.first(where: isFolder) else { return nil }
    // `train` may stand for `train/images`.
    return isFolder(found + "/images") ? found + "/images" : found
  }

  /// `labels` instead of the last `images` of the path.
  private func yoloLabels(_ images: String) -> String? {
    var parts = images.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard let index = parts.lastIndex(of: "images") else { return images }
    parts[index] = "labels"
    let labels = parts.joined(separator: "/")
    return isFolder(labels) ? labels : nil
  }

  private func unnamedYOLOSource(_ split: Split) throws(TrainingError) -> DataSource? {
    for folder in split.folders {
      for (images, labels) in [
        ("\(folder)/images", "\(folder)/labels"), ("images/\(folder)", "labels/\(folder)"),
      ]
      where exists(images) && exists(labels) {
        let lists = ["classes.txt", "labels/classes.txt", "\(labels)/classes.txt"]
        guard let list = lists.first(where: exists) else {
          throw .unusableData(
            path: path, reason: "YOLO labels without class names: neither data.yaml nor classes.txt in it")
        }
        return DataSource(
          try Conversion.yolo(
            "\(path)/\(labels)", images: "\(path)/\(images)",
            names: try classNames(contentsOf: "\(path)/\(list)")),
          images: "\(path)/\(images)", path: "\(path)/\(labels)")
      }
    }
    return nil
  }

  // MARK: Pascal VOC

  /// VOC's own folders, with the splits in ImageSets/Main.
  private func vocSource(_ split: Split) throws(TrainingError) -> DataSource? {
    let folder = path + "/Annotations"
    let list = "ImageSets/Main/\(split.rawValue).txt"
    if split == .val, !exists(list) { return nil }
    let all = ["ImageSets/Main/train.txt", "ImageSets/Main/trainval.txt"].first(where: exists)
    let conversion = try Conversion.voc(
      folder, names: try Conversion.voc(folder, names: nil).annotations.labels.sorted(),
      list: (split == .val ? list : all).map { "\(path)/\($0)" }, images: path + "/JPEGImages")
    return DataSource(conversion, images: path + "/JPEGImages", path: folder)
  }

  /// A folder of XML files and images for each split.
  private func vocFolderSource(_ split: Split) throws(TrainingError) -> DataSource? {
    var names: Set<String> = []
    for folder in Split.allCases.flatMap(\.folders) where hasXML(folder) {
      names.formUnion(try Conversion.voc("\(path)/\(folder)", names: nil).annotations.labels)
    }
    guard let folder = split.folders.first(where: hasXML) else { return nil }
    let full = "\(path)/\(folder)"
    return DataSource(
      try Conversion.voc(full, names: names.sorted(), images: full), images: full, path: full)
  }

  private func hasXML(_ folder: String) -> Bool {
    files(in: "\(path)/\(folder)").contains { $0.lowercased().hasSuffix(".xml") }
  }

  private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
}

extension DataFolder.Split {
  /// Names of folders with this split.
  fileprivate var folders: [String] {
    switch self {
    case .train: ["train"]
    case .val: ["valid", "val", "validation"]
    }
  }
}
