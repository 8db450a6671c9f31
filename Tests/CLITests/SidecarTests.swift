import CLI
import Foundation
import Testing

@Suite("Settings beside a weights file")
struct SidecarTests {
  /// The settings beside `best.onnx` in a folder that `prepare` fills.
  private func settings(_ prepare: (_ folder: String) throws -> Void) throws -> ModelSettings {
    let folder = FileManager.default.temporaryDirectory.appending(path: "yolox-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try prepare(folder)
    return try ModelSettings.sidecar(of: folder + "/best.onnx")
  }

  private func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  private func makeSparse(_ path: String) throws {
    FileManager.default.createFile(atPath: path, contents: nil)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: 1 << 30)
    try handle.close()
  }

  @Test("are read from best.json, labels also from the file that it names")
  func sound() throws {
    let settings = try settings { folder in
      try write(#"{"labels": "names.txt", "size": "64x96"}"#, to: folder + "/best.json")
      try write("bolt\nnut\n", to: folder + "/names.txt")
    }
    #expect(settings.labels == ["bolt", "nut"] && settings.size != nil)
    #expect(try self.settings { _ in }.labels == nil)
  }

  @Test("in a file of a gigabyte are rejected before it is read", .timeLimit(.minutes(1)))
  func sparse() {
    let sidecar = #expect(throws: CLIError.self) {
      try settings { folder in try makeSparse(folder + "/best.json") }
    }
    #expect(sidecar?.description.contains("best.json: more than the maximum of 4194304 bytes") == true)
    let labels = #expect(throws: CLIError.self) {
      try settings { folder in
        try write(#"{"labels": "names.txt"}"#, to: folder + "/best.json")
        try makeSparse(folder + "/names.txt")
      }
    }
    #expect(labels?.description.contains("names.txt: more than the maximum") == true)
  }

  @Test("that cannot be read are an error, not left out")
  func unreadable() {
    #expect(throws: CLIError.self) {
      try settings { folder in
        try FileManager.default.createDirectory(
          atPath: folder + "/best.json", withIntermediateDirectories: false)
      }
    }
  }
}
