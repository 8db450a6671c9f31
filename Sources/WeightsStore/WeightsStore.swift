import FoundationCompatibility
import PlatformC

/// A folder of published weights. Fetches a file from a local folder or, if none has it, by download.
package struct WeightsStore: Sendable {
  /// The folder.
  package let directory: String
  package let manifest: Manifest
  /// Folders to search before a download, in order of preference.
  package let localSources: [String]
  private let scheme: String

  /// - Parameter scheme: the protocol of downloads and of their redirects.
  package init(directory: String, manifest: Manifest, localSources: [String], scheme: String = "https") {
    self.directory = directory
    self.manifest = manifest
    self.localSources = localSources
    self.scheme = scheme
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
    package let verification: Verification
  }

  /// What the file was compared with.
  package enum Verification: Equatable, Sendable {
    /// The published digest, or the one that the caller gave.
    case digest
    /// The digest of an earlier download.
    case pinnedDigest
    /// The published size; its digest is pinned now.
    case size
    /// Nothing: the caller trusts this download. Its digest is pinned now.
    case firstUse
  }

  /// What the caller knows of weights for which the manifest has no digest.
  package enum Trust: Equatable, Sendable {
    case published
    /// In lower-case hexadecimal.
    case digest(String)
    case firstDownload
  }

  /// Ensures that the weights `name` are in ``directory``, complete and as published.
  ///
  /// The file gets its final name only after it is complete and verified. An interrupted download resumes where it
  /// stopped.
  ///
  /// Files without a published digest are compared with the published size, and with the digest of their first download.
  ///
  /// - Parameters:
  ///   - trust: what to compare the file with where the manifest has neither digest nor size.
  ///   - progress: called with the number of bytes received and, if known, the total number.
  package func fetch(
    _ name: String, trusting trust: Trust = .published,
    progress: @escaping @Sendable (Int, Int?) -> Void = { _, _ in }
  ) async throws(FetchError) -> Fetched {
    let model = try manifest.model(named: name)
    let expectation = try expectation(of: model, trusting: trust)
    let destination = directory + "/" + model.file
    let files = FileManager.default

    if files.fileExists(atPath: destination) {
      return try checked(model, expectation, at: destination, path: destination, origin: .alreadyThere)
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
      try await Download(url: model.url, expectedBytes: model.bytes, scheme: scheme)
        .run(into: partial, progress: progress)
      origin = .downloaded(from: model.url)
    }

    let fetched = try checked(model, expectation, at: partial, path: destination, origin: origin)
    do { try files.moveItem(atPath: partial, toPath: destination) } catch {
      throw .io(path: destination, reason: "cannot write it")
    }
    return fetched
  }

  // MARK: Verification

  private var pins: DigestPins { DigestPins(path: directory + "/digests.txt") }

  private enum Expectation {
    case digests([String])
    case pinned(String)
    case size(Int)
    case nothing
  }

  private func expectation(
    of model: Manifest.Model, trusting trust: Trust
  ) throws(FetchError) -> Expectation {
    if case .digest(let digest) = trust { return .digests([digest]) }
    if !model.acceptedDigests.isEmpty { return .digests(model.acceptedDigests) }
    if let pinned = try pins.digest(of: model.file) { return .pinned(pinned) }
    if let bytes = model.bytes { return .size(bytes) }
    guard trust == .firstDownload else { throw .nothingToVerify(name: model.name) }
    return .nothing
  }

  private func checked(
    _ model: Manifest.Model, _ expectation: Expectation, at file: String, path: String,
    origin: Fetched.Origin
  ) throws(FetchError) -> Fetched {
    let digest = try sha256(ofFile: file)
    let bytes = fileSize(file) ?? 0
    let verification: Verification
    switch expectation {
    case .digests(let accepted):
      guard accepted.contains(digest) else { throw .digest(path: file, found: digest, expected: accepted) }
      verification = .digest
    case .pinned(let pinned):
      guard pinned == digest else {
        throw .changed(path: file, found: digest, pinned: pinned, pins: pins.path)
      }
      verification = .pinnedDigest
    case .size(let size):
      guard size == bytes else { throw .size(path: file, found: bytes, expected: size) }
      try pins.pin(digest, to: model.file)
      verification = .size
    case .nothing:
      try pins.pin(digest, to: model.file)
      verification = .firstUse
    }
    return Fetched(path: path, origin: origin, bytes: bytes, sha256: digest, verification: verification)
  }
}

func fileSize(_ path: String) -> Int? {
  // FileManager's attributes have different types in Foundation and FoundationEssentials.
  var information = stat()
  guard stat(path, &information) == 0 else { return nil }
  return Int(information.st_size)
}
