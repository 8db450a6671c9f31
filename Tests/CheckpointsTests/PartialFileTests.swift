import Checkpoints
import Foundation
import Testing

@Suite("PartialFile")
struct PartialFileTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "partial-\(UUID().uuidString)")
  private var path: String { folder.path + "/file" }
  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  }

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  @Test("what was there stays until the new content is whole")
  func replaces() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try PartialFile.replace(path, with: [1, 2, 3])
    var file = try PartialFile(for: path)
    try file.append([4])
    #expect(FileManager.default.contents(atPath: path) == Data([1, 2, 3]))
    #expect(try names == ["file", "file.partial"])
    try file.append([5, 6])
    try file.finish()
    #expect(FileManager.default.contents(atPath: path) == Data([4, 5, 6]))
    #expect(try names == ["file"])
  }

  @Test("a file that was not finished leaves nothing, and one of a process that died is written over")
  func abandoned() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try PartialFile.replace(path, with: [1])
    try Data(repeating: 7, count: 9).write(to: URL(filePath: path + ".partial"))
    do {
      let file = try PartialFile(for: path)
      try file.append([2, 3])
    }
    #expect(try names == ["file"])
    #expect(FileManager.default.contents(atPath: path) == Data([1]))
  }

  @Test("what the system says is part of the error")
  func reason() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(
      throws: CheckpointError.unwritable(path: path + "/deeper", reason: "No such file or directory")
    ) {
      try PartialFile.replace(path + "/deeper", with: [])
    }
    // A device that is always full, under a name to which ".partial" can be added.
    let full = URL(filePath: "/dev/full")
    if FileManager.default.fileExists(atPath: full.path) {
      try FileManager.default.createSymbolicLink(
        at: URL(filePath: path + ".partial"), withDestinationURL: full)
      #expect(throws: CheckpointError.unwritable(path: path, reason: "No space left on device")) {
        try PartialFile.replace(path, with: [1])
      }
    }
  }
}
