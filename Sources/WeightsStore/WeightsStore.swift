import FoundationCompatibility
import PlatformC

/// A folder of published weights. Fetches a file from a local folder or, if none has it, by download.
package struct WeightsStore: Sendable {
  /// The folder.
  package let directory: String
  package let manifest: Manifest
  /// Folders to search before a download, in order of preference.
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
    /// `false` if the manifest has no digest for this file.
    package let isVerified: Bool
  }

  /// Ensures that the weights `name` are in ``directory``, complete and as published.
  ///
  /// The file gets its final name only after it is complete and verified. An interrupted download resumes where it
  /// stopped.
  ///
  /// - Parameter progress: called with the number of bytes received and, if known, the total number.
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
      throw .io(path: directory, reason: "cannot create the folder")
    }

    let partial = destination + ".partial"
    let origin: Fetched.Origin
    if let source = localSources.map({ $0 + "/" + model.file }).first(where: files.fileExists(atPath:)) {
      do {
        if files.fileExists(atPath: partial) { try files.removeItem(atPath: partial) }
        try files.copyItem(atPath: source, toPath: partial)
        // The source may be read-only; the copy belongs to the user.
        try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: partial)
      } catch { throw .io(path: source, reason: "cannot copy it to \(partial)") }
      origin = .copied(from: source)
    } else {
      try await Download(url: model.url, expectedBytes: model.bytes).run(into: partial, progress: progress)
      origin = .downloaded(from: model.url)
    }

    let fetched = try checked(model, at: partial, path: destination, origin: origin)
    do { try files.moveItem(atPath: partial, toPath: destination) } catch {
      throw .io(path: destination, reason: "cannot write it")
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
  // FileManager's attributes have different types in Foundation and FoundationEssentials.
  var information = stat()
  guard stat(path, &information) == 0 else { return nil }
  return Int(information.st_size)
}
