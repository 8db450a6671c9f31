import FoundationCompatibility
import PlatformC

/// A folder of published weights. Brings a model into it from the nearest place that has it.
package struct WeightsStore: Sendable {
  /// Where the files go.
  package let directory: String
  package let manifest: Manifest
  /// Folders to look into before the network, nearest first.
  package let localSources: [String]

  package init(directory: String, manifest: Manifest, localSources: [String]) {
    self.directory = directory
    self.manifest = manifest
    self.localSources = localSources
  }

  package struct Fetched: Equatable, Sendable {
    package enum Origin: Equatable, Sendable {
      case alreadyThere
      case copied(from: String)
      case downloaded(from: String)
    }

    package let path: String
    package let origin: Origin
    package let bytes: Int
    package let sha256: String
    /// False where the manifest has no digest to compare with.
    package let isVerified: Bool
  }

  /// Makes sure that the weights called `name` lie in ``directory``, whole and as published.
  ///
  /// A file appears under its name only once it is complete and checked; a download that broke off goes on where it
  /// stopped.
  ///
  /// - Parameter progress: called with the bytes received so far and, where known, the bytes to come in all.
  package func fetch(
    _ name: String, progress: @escaping @Sendable (Int, Int?) -> Void = { _, _ in }
  ) async throws(FetchError) -> Fetched {
    let model = try manifest.model(named: name)
    let destination = directory + "/" + model.file
    let files = FileManager.default

    if files.fileExists(atPath: destination) {
      return try checked(model, at: destination, path: destination, origin: .alreadyThere)
    }
    do { try files.createDirectory(atPath: directory, withIntermediateDirectories: true) } catch {
      throw .io(path: directory, reason: "cannot be made")
    }

    let partial = destination + ".partial"
    let origin: Fetched.Origin
    if let source = localSources.map({ $0 + "/" + model.file }).first(where: files.fileExists(atPath:)) {
      do {
        if files.fileExists(atPath: partial) { try files.removeItem(atPath: partial) }
        try files.copyItem(atPath: source, toPath: partial)
        // A source may be read-only; the copy is the user's own.
        try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: partial)
      } catch { throw .io(path: source, reason: "cannot be copied to \(partial)") }
      origin = .copied(from: source)
    } else {
      try await Download(url: model.url, expectedBytes: model.bytes).run(into: partial, progress: progress)
      origin = .downloaded(from: model.url)
    }

    let fetched = try checked(model, at: partial, path: destination, origin: origin)
    do { try files.moveItem(atPath: partial, toPath: destination) } catch {
      throw .io(path: destination, reason: "cannot be written")
    }
    return fetched
  }

  private func checked(
    _ model: Manifest.Model, at file: String, path: String, origin: Fetched.Origin
  ) throws(FetchError) -> Fetched {
    let digest = try sha256(ofFile: file)
    let bytes = fileSize(file) ?? 0
    let expected = model.acceptedDigests
    if expected.isEmpty {
      if let size = model.bytes, size != bytes { throw .size(path: file, found: bytes, expected: size) }
    } else if !expected.contains(digest) {
      throw .digest(path: file, found: digest, expected: expected)
    }
    return Fetched(
      path: path, origin: origin, bytes: bytes, sha256: digest, isVerified: !expected.isEmpty)
  }
}

func fileSize(_ path: String) -> Int? {
  // Not by FileManager, whose attributes have types that differ between Foundation and FoundationEssentials.
  var information = stat()
  guard stat(path, &information) == 0 else { return nil }
  return Int(information.st_size)
}
