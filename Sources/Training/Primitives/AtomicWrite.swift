import Checkpoints

/// Replaces the content of the file at `path` through ``AtomicFile``.
func writeAtomically(_ bytes: [UInt8], to path: String) throws(TrainingError) {
  do {
    try AtomicFile.replace(path, with: bytes)
  } catch {
    throw TrainingError(error, path: path)
  }
}
