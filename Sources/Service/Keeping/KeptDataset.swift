import YOLOX

/// The kept images of one model, in a folder that `yolox-train --data` reads and labelling tools import (CVAT's layout of
/// COCO):
///
///     annotations/instances_default.json
///     images/default/20261125T142620.123Z-REQUEST-1.jpg
///     .journal
///
/// The COCO file is valid at any moment and names only images that are there and complete: it is replaced atomically, some
/// seconds after images come and before others go. The journal has what the file has not yet, so that a killed process loses
/// no kept image.
package struct KeptDataset: Sendable {
  /// A new image.
  package struct Image: Sendable {
    let bytes: [UInt8]
    let width: Int
    let height: Int
    let detections: [Detection]
    let requestID: String

    package init(bytes: [UInt8], width: Int, height: Int, detections: [Detection], requestID: String) {
      (self.bytes, self.width, self.height) = (bytes, width, height)
      (self.detections, self.requestID) = (detections, requestID)
    }
  }

  let header: KeptJournal.Header
  /// In the folder of all data sets.
  let name: String
  private let folder: OpenFolder
  private let annotations: OpenFolder
  private let imageFolder: OpenFolder
  private var journal: OpenFile
  private var journalSize: Int
  /// Lines of the journal about images that are gone.
  private var removedLines = 0
  /// By rising id and time.
  private(set) var images: [KeptImage]
  private(set) var bytes: Int
  private(set) var boxes: Int
  private var nextID: Int
  /// Whether the COCO file lacks kept images.
  private(set) var isStale = false

  private static let journalName = ".journal"
  private static let annotationsName = "instances_default.json"
  private static let maxJournal = 1 << 30

  /// Whether a folder is one of these.
  static func isDataset(_ folder: OpenFolder) -> Bool { folder.containsFile(journalName) }

  /// Makes a data set in an empty folder.
  init(_ header: KeptJournal.Header, in folder: OpenFolder, name: String) throws(FileFault) {
    try self.init(folder, name: name, header: header, KeptJournal.Content())
  }

  /// Opens a data set, and finishes what a killed process has begun.
  ///
  /// - Parameter limit: images that are older are removed.
  /// - Returns: `nil` if the journal does not name the model.
  init?(reading folder: OpenFolder, name: String, removingBefore limit: Timestamp?) throws(FileFault) {
    var content = KeptJournal.read(
      try folder.contents(of: KeptDataset.journalName, limit: KeptDataset.maxJournal))
    guard let header = content.header else { return nil }
    if let limit { content.removeImages { $0.time < limit } }
    try self.init(folder, name: name, header: header, content)
  }

  private init(
    _ folder: OpenFolder, name: String, header: KeptJournal.Header, _ content: KeptJournal.Content
  ) throws(FileFault) {
    (self.folder, self.name, self.header) = (folder, name, header)
    annotations = try folder.folder("annotations")
    imageFolder = try folder.folder("images").folder("default")
    for name in try imageFolder.names() where name.hasSuffix(OpenFolder.partialSuffix) {
      try imageFolder.remove(name)
    }
    let imageFolder = self.imageFolder
    images = content.images.filter { imageFolder.containsFile($0.name) }
    bytes = images.reduce(0) { $0 + $1.bytes }
    boxes = images.reduce(0) { $0 + $1.detections.count }
    nextID = (images.last?.id ?? 0) + 1
    // The COCO file first, which must not name an image that is gone, unless it is these for which the disk has no room.
    var isWritten = true
    do throws(FileFault) { try KeptDataset.writeAnnotations(images, header, in: annotations) } catch {
      isWritten = false
    }
    for name in content.removed { try imageFolder.remove(name) }
    if !isWritten { try KeptDataset.writeAnnotations(images, header, in: annotations) }
    (journal, journalSize) = try KeptDataset.writeJournal(images, header, in: folder)
  }

  // MARK: Images

  mutating func keep(_ image: Image, at time: Timestamp) throws(FileFault) -> KeptImage {
    // The clock may have been set back.
    let time = max(time, images.last?.time ?? time)
    var (number, name) = (nextID, "")
    repeat {
      name = FileNames.image(image.bytes, at: time, requestID: image.requestID, number: number)
      number += 1
    } while imageFolder.contains(name)
    let kept = KeptImage(
      id: nextID, name: name, width: image.width, height: image.height, fileSize: image.bytes.count,
      time: time, detections: image.detections)
    let partial = name + OpenFolder.partialSuffix
    do {
      try imageFolder.create(partial).append(image.bytes)
      try append(KeptJournal.line(kept))
      try imageFolder.rename(partial, to: name)
    } catch {
      try? imageFolder.remove(partial)
      throw error
    }
    nextID += 1
    images.append(kept)
    bytes += kept.bytes
    boxes += kept.detections.count
    isStale = true
    return kept
  }

  /// Removes the oldest images.
  mutating func removeFirst(_ count: Int) throws(FileFault) {
    guard count > 0 else { return }
    let removed = images.prefix(count)
    images.removeFirst(removed.count)
    bytes -= removed.reduce(0) { $0 + $1.bytes }
    boxes -= removed.reduce(0) { $0 + $1.detections.count }
    removedLines += removed.count
    var isWritten = true
    do throws(FileFault) {
      try append(removed.flatMap { KeptJournal.line(removed: $0.name) })
      try write()
    } catch { isWritten = false }
    for image in removed { try imageFolder.remove(image.name) }
    // A disk that was full has room now.
    if !isWritten { try write() }
    guard !isWritten || removedLines > max(1000, images.count) else { return }
    (journal, journalSize) = try KeptDataset.writeJournal(images, header, in: folder)
    removedLines = 0
  }

  // MARK: Files

  /// Brings the COCO file up to date.
  mutating func write() throws(FileFault) {
    try KeptDataset.writeAnnotations(images, header, in: annotations)
    isStale = false
  }

  private static func writeAnnotations(
    _ images: [KeptImage], _ header: KeptJournal.Header, in folder: OpenFolder
  ) throws(FileFault) {
    try folder.replace(annotationsName) { file throws(FileFault) in
      try COCOText.write(images, header: header, to: file)
    }
  }

  /// Writes a journal of these images only.
  private static func writeJournal(
    _ images: [KeptImage], _ header: KeptJournal.Header, in folder: OpenFolder
  ) throws(FileFault) -> (OpenFile, size: Int) {
    var size = 0
    try folder.replace(journalName) { file throws(FileFault) in
      var text = KeptJournal.line(header)
      for image in images {
        text += KeptJournal.line(image)
        guard text.count > 1 << 18 else { continue }
        try file.append(text)
        size += text.count
        text.removeAll(keepingCapacity: true)
      }
      try file.append(text)
      size += text.count
    }
    return (try folder.openToAppend(journalName), size)
  }

  private mutating func append(_ lines: [UInt8]) throws(FileFault) {
    do throws(FileFault) { try journal.append(lines) } catch {
      // Half a line would spoil the next one.
      try? journal.truncate(to: journalSize)
      throw error
    }
    journalSize += lines.count
  }
}
