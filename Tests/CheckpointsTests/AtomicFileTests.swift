import Checkpoints
import Foundation
import Testing

@Suite("AtomicFile")
struct AtomicFileTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "atomic-\(UUID().uuidString)")
  private var path: String { folder.path + "/file" }
  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  }

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  @Test("the old content stays until the new content is complete")
  func replaces() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try AtomicFile.replace(path, with: [1, 2, 3])
    var file = try AtomicFile(for: path)
    try file.append([4])
    #expect(FileManager.default.contents(atPath: path) == Data([1, 2, 3]))
    #expect(try names == ["file", "file.partial"])
    try file.append([5, 6])
    try file.finish()
    #expect(FileManager.default.contents(atPath: path) == Data([4, 5, 6]))
    #expect(try names == ["file"])
  }

  @Test("an unfinished file is removed, and a leftover of a killed process is overwritten")
  func unfinished() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try AtomicFile.replace(path, with: [1])
    try Data(repeating: 7, count: 9).write(to: URL(filePath: path + ".partial"))
    do {
      let file = try AtomicFile(for: path)
      try file.append([2, 3])
    }
    #expect(try names == ["file"])
    #expect(FileManager.default.contents(atPath: path) == Data([1]))
  }

  @Test("the error contains the system's message")
  func reason() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(
      throws: CheckpointError.unwritable(path: path + "/deeper", reason: "No such file or directory")
    ) {
      try AtomicFile.replace(path + "/deeper", with: [])
    }
    // A device that is always full, as the target of the ".partial" name.
    let full = URL(filePath: "/dev/full")
    if FileManager.default.fileExists(atPath: full.path) {
      try FileManager.default.createSymbolicLink(
        at: URL(filePath: path + ".partial"), withDestinationURL: full)
      #expect(throws: CheckpointError.unwritable(path: path, reason: "No space left on device")) {
        try AtomicFile.replace(path, with: [1])
      }
    }
  }

  @Test("a link stays and the file behind it is replaced; a device stays a device")
  func linksAndDevices() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let link = folder.path + "/link"
    try AtomicFile.replace(path, with: [1])
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    try AtomicFile.replace(link, with: [2])
    #expect(FileManager.default.contents(atPath: path) == Data([2]))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
    let null = folder.path + "/null"
    try FileManager.default.createSymbolicLink(atPath: null, withDestinationPath: "/dev/null")
    try AtomicFile.replace(null, with: [3])
    #expect(try names == ["file", "link", "null"])
    #expect(
      try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
        == .typeCharacterSpecial)
  }
}
