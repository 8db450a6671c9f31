import Foundation
import TestSupport
import Testing
import WeightsStore

/// A folder that goes away with the test.
private final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "yolox-store-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      at: URL(filePath: file).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: file))
    return file
  }
}

@Suite("The weights store")
struct WeightsStoreTests {
  // FIPS 180-2, appendix B.1: the digest of "abc".
  private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func store(
    url: String = "file:///nowhere", sha256: String? = abc, bytes: Int? = 3, scheme: String = "file"
  ) throws
    -> WeightsStore
  {
    let digest = sha256.map { #", "sha256": "\#($0)""# } ?? ""
    let size = bytes.map { #", "bytes": \#($0)"# } ?? ""
    let manifest = try scratch.write(
      #"{"models": [{"name": "yolox-nano", "file": "yolox_nano.onnx", "url": "\#(url)"\#(size)\#(digest)}]}"#,
      to: "manifest.json")
    return WeightsStore(
      directory: scratch.path + "/weights", manifest: try Manifest(contentsOf: manifest),
      localSources: [scratch.path + "/empty", scratch.path + "/local"], scheme: scheme)
  }

  @Test("copies a file from the first local source that has it, and finds it in place the second time")
  func localSource() async throws {
    let source = try scratch.write("abc", to: "local/yolox_nano.onnx")
    let store = try store()

    let first = try await store.fetch("nano")
    #expect(first.origin == .copied(from: source))
    #expect(first.verification == .digest && first.sha256 == Self.abc && first.bytes == 3)
    #expect(try await store.fetch("yolox-nano").origin == .alreadyThere)
  }

  @Test("downloads, and resumes an interrupted download")
  func resumes() async throws {
    let remote = try scratch.write("abc", to: "remote/file")
    _ = try scratch.write("ab", to: "weights/yolox_nano.onnx.partial")

    let fetched = try await store(url: "file://" + remote).fetch("nano")
    #expect(fetched.origin == .downloaded(from: "file://" + remote))
    #expect(try String(contentsOfFile: fetched.path, encoding: .utf8) == "abc")
    #expect(!FileManager.default.fileExists(atPath: fetched.path + ".partial"))
  }

  @Test("does not give a file its final name when the digest is wrong")
  func wrongDigest() async throws {
    let source = try scratch.write("abd", to: "local/yolox_nano.onnx")
    let store = try store()

    let error = await #expect(throws: FetchError.self) { try await store.fetch("nano") }
    guard case .digest(_, _, let expected) = error else {
      Issue.record("expected a digest error, got \(String(describing: error))")
      return
    }
    #expect(expected == [Self.abc])
    #expect(FileManager.default.fileExists(atPath: source))
    #expect(!FileManager.default.fileExists(atPath: scratch.path + "/weights/yolox_nano.onnx"))
  }

  @Test(
    "demands a digest, a size or trust in the first download, and then compares later ones with the first")
  func pinsFirstUse() async throws {
    let source = try scratch.write("abc", to: "local/yolox_nano.onnx")
    let store = try store(sha256: nil, bytes: nil)
    await #expect(throws: FetchError.nothingToVerify(name: "yolox-nano")) { try await store.fetch("nano") }
    let first = try await store.fetch("nano", trusting: .firstDownload)
    #expect(first.verification == .firstUse && first.sha256 == Self.abc)
    #expect(try await store.fetch("nano").verification == .pinnedDigest)

    try FileManager.default.removeItem(atPath: first.path)
    try Data("abd".utf8).write(to: URL(filePath: source))
    let error = await #expect(throws: FetchError.self) {
      try await store.fetch("nano", trusting: .firstDownload)
    }
    guard case .changed(_, _, let pinned, _) = error else {
      Issue.record("expected a changed digest, got \(String(describing: error))")
      return
    }
    #expect(pinned == Self.abc)
    #expect(!FileManager.default.fileExists(atPath: first.path))
  }

  @Test("pins the digest of a file of which only the size is published")
  func pinsAfterSize() async throws {
    _ = try scratch.write("abc", to: "local/yolox_nano.onnx")
    let store = try store(sha256: nil)
    #expect(try await store.fetch("nano").verification == .size)
    #expect(try await store.fetch("nano").verification == .pinnedDigest)
  }

  @Test("compares with the caller's digest instead of the published one")
  func callersDigest() async throws {
    _ = try scratch.write("abc", to: "local/yolox_nano.onnx")
    let store = try store(sha256: nil, bytes: nil)
    let other = String(repeating: "0", count: 64)
    let error = await #expect(throws: FetchError.self) {
      try await store.fetch("nano", trusting: .digest(other))
    }
    guard case .digest = error else {
      Issue.record("expected a digest error, got \(String(describing: error))")
      return
    }
    #expect(try await store.fetch("nano", trusting: .digest(Self.abc)).verification == .digest)
  }

  @Test("downloads by https only", arguments: ["http://127.0.0.1:1/x", "file:///etc/hostname", "HTTPS://x"])
  func httpsOnly(url: String) async throws {
    let store = try store(url: url, scheme: "https")
    await #expect(throws: FetchError.insecureURL(url, scheme: "https")) { try await store.fetch("nano") }
  }

  @Test("does not follow a redirect to another protocol, as from https to http")
  func redirects() async throws {
    let server = try RedirectingServer(to: "https://127.0.0.1:1/file")
    let store = try store(url: "http://127.0.0.1:\(server.port)/file", scheme: "http")
    let error = await #expect(throws: FetchError.self) { try await store.fetch("nano") }
    guard case .download(_, let reason) = error else {
      Issue.record("expected a download error, got \(String(describing: error))")
      return
    }
    // curl's words: by "Protocol "https" disabled" it has not even tried to connect.
    #expect(reason.contains("https") && reason.lowercased().contains("disabled"))
  }

  @Test("compares the size when the manifest has no digest")
  func wrongSize() async throws {
    _ = try scratch.write("abcd", to: "local/yolox_nano.onnx")
    let store = try store(sha256: nil)
    let partial = store.directory + "/yolox_nano.onnx.partial"
    await #expect(throws: FetchError.size(path: partial, found: 4, expected: 3)) {
      try await store.fetch("nano")
    }
  }

  @Test("lists the known models when the name is unknown")
  func unknownModel() async throws {
    let store = try store()
    await #expect(throws: FetchError.unknownModel("yolov9", known: ["yolox-nano"])) {
      try await store.fetch("yolov9")
    }
  }

  @Test("reports curl's error for an address that does not respond")
  func failedDownload() async throws {
    let store = try store(url: "file:///no/such/file")
    let error = await #expect(throws: FetchError.self) { try await store.fetch("nano") }
    guard case .download = error else {
      Issue.record("expected a download error, got \(String(describing: error))")
      return
    }
  }

  @Test("parses the repository's manifest, whose entries are complete and well-formed")
  func shippedManifest() throws {
    let manifest = try Manifest(
      contentsOf: SharedData.projectRoot.appending(path: "weights/manifest.json").path)
    let names = ["nano", "tiny", "s", "m", "l", "x", "darknet53"].map { "yolox-\($0)" }
    // For inference, and with batch normalisation for training.
    #expect(manifest.models.map(\.name) == names + names.map { $0 + "-training" })
    for model in manifest.models {
      #expect(model.url.hasPrefix("https://") && model.url.hasSuffix(model.file))
      for digest in model.acceptedDigests {
        #expect(digest.count == 64 && digest.allSatisfy { $0.isHexDigit && !$0.isUppercase })
      }
    }
  }
}
