import YOLOX

/// The folder of `--keep`: a data set for each model, because their classes differ, with limits for all together. Locked
/// against other processes.
package struct KeptFolder: Sendable {
  package let path: String
  package let rules: KeepRules
  private let root: OpenFolder
  private let lock: OpenFile
  private var datasets: [KeptDataset] = []

  private static let lockName = ".lock"
  /// Of file systems, not of anyone's files.
  private static let ignoredName = "lost+found"
  /// Of the limits, after images were removed: as removing writes the COCO file, it is done for many at once.
  private static let fillAfterRemoval = 0.95

  /// Opens the folder, or makes it.
  package init(at path: String, rules: KeepRules) throws(KeepError) {
    (self.path, self.rules) = (path, rules)
    let root = try OpenFolder.make(at: path)
    self.root = root
    let entries = try KeptFolder.naming(path) { () throws(FileFault) in
      try root.names().filter { $0 != KeptFolder.ignoredName }.sorted()
    }
    // What this service removes later must be what it has written.
    if let entry = entries.first, !entries.contains(KeptFolder.lockName) {
      throw .foreign(path, entry: entry)
    }
    let lock = try KeptFolder.naming(path) { () throws(FileFault) in try root.lock(KeptFolder.lockName) }
    guard let lock else { throw .inUse(path) }
    self.lock = lock
    for name in entries {
      // Links and files that somebody has put here are left alone.
      guard let folder = try? root.folder(existing: name), KeptDataset.isDataset(folder) else { continue }
      let dataset = try KeptFolder.naming("\(path)/\(name)") { () throws(FileFault) in
        try KeptDataset(reading: folder, name: name, removingBefore: rules.oldest(at: .now))
      }
      if let dataset { datasets.append(dataset) }
    }
  }

  private static func naming<Value>(
    _ path: String, _ body: () throws(FileFault) -> Value
  ) throws(KeepError) -> Value {
    do { return try body() } catch { throw .system("\(path)/\(error.name)", code: error.code) }
  }

  // MARK: State

  package var imageCount: Int { datasets.reduce(0) { $0 + $1.images.count } }
  package var bytes: Int { datasets.reduce(0) { $0 + $1.bytes } }
  private var boxes: Int { datasets.reduce(0) { $0 + $1.boxes } }

  // MARK: Images

  /// Keeps an image in the data set of its model.
  ///
  /// - Returns: the number of images removed for it.
  package mutating func keep(
    _ image: KeptDataset.Image, of model: KeptJournal.Header, at time: Timestamp
  ) throws(FileFault) -> Int {
    let index = try datasetIndex(of: model)
    let removed = try makeRoom(for: image)
    _ = try datasets[index].keep(image, at: time)
    return removed
  }

  /// Removes the images that have come of age.
  ///
  /// - Returns: their number.
  package mutating func removeExpired(at time: Timestamp) throws(FileFault) -> Int {
    guard let limit = rules.oldest(at: time) else { return 0 }
    var count = 0
    for index in datasets.indices {
      let expired = datasets[index].images.prefix { $0.time < limit }.count
      try datasets[index].removeFirst(expired)
      count += expired
    }
    return count
  }

  /// Brings the COCO files up to date.
  ///
  /// - Returns: whether one lacked kept images.
  @discardableResult
  package mutating func write() throws(FileFault) -> Bool {
    let stale = datasets.indices.filter { datasets[$0].isStale }
    for index in stale { try datasets[index].write() }
    return !stale.isEmpty
  }

  /// A model whose classes have changed gets another data set, `MODEL-2`.
  private mutating func datasetIndex(of header: KeptJournal.Header) throws(FileFault) -> Int {
    if let index = datasets.firstIndex(where: { $0.header == header }) { return index }
    let base = FileNames.safe(header.model)
    var (name, number) = (base, 1)
    while root.contains(name) {
      number += 1
      name = "\(base)-\(number)"
    }
    datasets.append(try KeptDataset(header, in: try root.folder(name), name: name))
    return datasets.count - 1
  }

  /// Removes the oldest images if the limits do not admit one more.
  private mutating func makeRoom(for image: KeptDataset.Image) throws(FileFault) -> Int {
    let size = KeptImage.bytes(fileSize: image.bytes.count, boxes: image.detections.count)
    func isWithin(_ fill: Double, bytes: Int, images: Int, boxes: Int) -> Bool {
      Double(bytes) <= fill * Double(rules.maxBytes) && Double(images) <= fill * Double(KeepRules.maxImages)
        && Double(boxes) <= fill * Double(KeepRules.maxBoxes)
    }
    var (bytes, images) = (self.bytes + size, imageCount + 1)
    var boxes = self.boxes + image.detections.count
    if isWithin(1, bytes: bytes, images: images, boxes: boxes) { return 0 }
    var counts = [Int](repeating: 0, count: datasets.count)
    while !isWithin(KeptFolder.fillAfterRemoval, bytes: bytes, images: images, boxes: boxes) {
      let candidates = datasets.indices.filter { counts[$0] < datasets[$0].images.count }
      guard
        let oldest = candidates.min(by: {
          datasets[$0].images[counts[$0]].time < datasets[$1].images[counts[$1]].time
        })
      else { break }
      let removed = datasets[oldest].images[counts[oldest]]
      counts[oldest] += 1
      bytes -= removed.bytes
      images -= 1
      boxes -= removed.detections.count
    }
    for index in datasets.indices { try datasets[index].removeFirst(counts[index]) }
    return counts.reduce(0, +)
  }
}
