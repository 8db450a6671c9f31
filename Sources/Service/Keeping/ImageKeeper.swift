import Dispatch
import Engine
import FoundationCompatibility
import Logging
import PlatformC
import Synchronization
import YOLOX

/// Keeps images for relabelling (`--keep`). No request waits for it: images that are selected go into a bounded queue, and
/// what does not fit is dropped and counted. A disk that is full or gone stops keeping for a while, never serving.
package final class ImageKeeper: Sendable {
  private struct Waiting {
    var images = 0
    var bytes = 0
    var isPaused = false
    /// Nothing is taken any more.
    var isClosed = false
    /// All that was taken is written.
    var isFinished = false
    /// Whether the next write is scheduled.
    var isWriteScheduled = false
  }

  package let rules: KeepRules
  private let path: String
  private let maxWaitingBytes: Int
  private let retryDelay: Duration
  private let logger: Logger
  private let queue = DispatchQueue(label: "keep", qos: .utility)
  /// Locked by work on the queue only; `nil` while the disk cannot be written.
  private let folder: Mutex<KeptFolder?>
  private let waiting = Mutex(Waiting())
  private let metrics = Mutex<KeepMetrics?>(nil)

  static let maxWaitingImages = 64
  /// Between two writes of the COCO files; longer if they take long.
  private static let writeInterval = Duration.seconds(2)
  private static let expiryInterval = Duration.seconds(60)

  /// - Parameters:
  ///   - maxWaitingBytes: memory of the images that wait to be written.
  ///   - retryDelay: after a failure of the disk.
  package init(
    _ path: String, rules: KeepRules, maxWaitingBytes: Int = 64 << 20, retryDelay: Duration = .seconds(60),
    logger: Logger
  ) throws(KeepError) {
    let folder = try KeptFolder(at: path, rules: rules)
    (self.path, self.rules, self.logger) = (path, rules, logger)
    (self.maxWaitingBytes, self.retryDelay) = (maxWaitingBytes, retryDelay)
    // A limit of file sizes (ulimit -f) is an error like a full disk, not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
    logger.info(
      "keeping images",
      metadata: [
        "folder": "\(path)", "images": .stringConvertible(folder.imageCount),
        "bytes": .stringConvertible(folder.bytes),
      ])
    self.folder = Mutex(folder)
    scheduleExpiry(after: .zero)
  }

  func observe(by registry: ServiceMetrics) {
    metrics.withLock { $0 = KeepMetrics(registry) }
    queue.async { self.updateGauges() }
  }

  // MARK: Requests

  /// Whether an image is considered. Draws a sample.
  func samples() -> Bool { rules.sampleRate >= 1 || Double.random(in: 0..<1) < rules.sampleRate }

  /// Keeps an image if the rules select it.
  ///
  /// - Parameters:
  ///   - bytes: of the file.
  ///   - width: of the upright image, in pixels.
  ///   - detections: all from the lower score on.
  package func offer(
    _ bytes: [UInt8], width: Int, height: Int, _ detections: [Detection], of model: Model, requestID: String
  ) {
    guard rules.selects(detections, labels: model.labels) else { return }
    // Boxes at the edge may have been clipped to nothing.
    let boxes = detections.filter { $0.box.x2 - $0.box.x1 >= 0.01 && $0.box.y2 - $0.box.y1 >= 0.01 }
    guard KeptImage.bytes(fileSize: bytes.count, boxes: boxes.count) <= rules.maxBytes else {
      return dropped(.tooLarge)
    }
    if let reason = waiting.withLock({ admit(bytes.count, &$0) }) { return dropped(reason) }
    let image = KeptDataset.Image(
      bytes: bytes, width: width, height: height, detections: boxes, requestID: requestID)
    let header = KeptJournal.Header(model: model.name, labels: model.labels)
    queue.async {
      self.keep(image, of: header)
      self.waiting.withLock {
        $0.images -= 1
        $0.bytes -= image.bytes.count
      }
    }
  }

  private func admit(_ bytes: Int, _ waiting: inout Waiting) -> KeepMetrics.DropReason? {
    if waiting.isPaused || waiting.isClosed { return .unwritable }
    // One image that is larger than all of the memory has its turn when no other waits.
    guard waiting.images < ImageKeeper.maxWaitingImages,
      waiting.images == 0 || waiting.bytes + bytes <= maxWaitingBytes
    else { return .queueFull }
    waiting.images += 1
    waiting.bytes += bytes
    return nil
  }

  private func dropped(_ reason: KeepMetrics.DropReason) { metrics.withLock { $0?.dropped(reason) } }

  // MARK: The queue

  private func keep(_ image: KeptDataset.Image, of model: KeptJournal.Header) {
    let removed = withFolder { folder throws(FileFault) in try folder.keep(image, of: model, at: .now) }
    guard let removed else { return dropped(.unwritable) }
    metrics.withLock {
      $0?.kept(model: model.model)
      $0?.removed(removed, .size)
    }
    updateGauges()
    let isScheduled = waiting.withLock { waiting in
      defer { waiting.isWriteScheduled = true }
      return waiting.isWriteScheduled
    }
    if !isScheduled { scheduleWrite(after: ImageKeeper.writeInterval) }
  }

  private func scheduleWrite(after delay: Duration) {
    queue.asyncAfter(deadline: .now() + delay.seconds) { [weak self] in
      guard let self else { return }
      let start = ContinuousClock.now
      guard withFolder({ folder throws(FileFault) in try folder.write() }) == true else {
        return waiting.withLock { $0.isWriteScheduled = false }
      }
      // At most a twentieth of the time goes into writing a large file again and again.
      scheduleWrite(after: max(ImageKeeper.writeInterval, start.duration(to: .now) * 20))
    }
  }

  private func scheduleExpiry(after delay: Duration) {
    guard rules.maxAge != nil else { return }
    queue.asyncAfter(deadline: .now() + delay.seconds) { [weak self] in
      guard let self else { return }
      if let count = withFolder({ folder throws(FileFault) in try folder.removeExpired(at: .now) }), count > 0
      {
        metrics.withLock { $0?.removed(count, .age) }
        updateGauges()
      }
      scheduleExpiry(after: ImageKeeper.expiryInterval)
    }
  }

  /// Runs `body` with the folder, and pauses if it fails.
  ///
  /// - Returns: `nil` if the folder cannot be written.
  @discardableResult
  private func withFolder<Value: Sendable>(
    _ body: (inout KeptFolder) throws(FileFault) -> Value
  ) -> Value? {
    let result = folder.withLock { folder -> Result<Value, FileFault>? in
      guard var open = folder else { return nil }
      // Not used twice at once, so that no images are copied.
      folder = nil
      let result = Result { () throws(FileFault) in try body(&open) }
      // What was half done is read again from the disk later.
      if case .success = result { folder = open }
      return result
    }
    if case .failure(let fault) = result { pause(fault) }
    return try? result?.get()
  }

  private func pause(_ fault: FileFault) {
    waiting.withLock { $0.isPaused = true }
    metrics.withLock { $0?.setPaused(true) }
    logger.warning(
      "images are not kept until the folder can be written again",
      metadata: [
        "folder": "\(path)", "file": "\(fault.name)", "error": "\(systemErrorText(fault.code))",
        "retry_seconds": .stringConvertible(retryDelay.seconds),
      ])
    scheduleRetry()
  }

  private func scheduleRetry() {
    queue.asyncAfter(deadline: .now() + retryDelay.seconds) { [weak self] in
      guard let self, !waiting.withLock(\.isClosed) else { return }
      guard let open = try? KeptFolder(at: path, rules: rules) else { return scheduleRetry() }
      folder.withLock { $0 = open }
      waiting.withLock { $0.isPaused = false }
      metrics.withLock { $0?.setPaused(false) }
      logger.info("images are kept again", metadata: ["folder": "\(path)"])
      updateGauges()
    }
  }

  private func updateGauges() {
    let (images, bytes) = folder.withLock { ($0?.imageCount, $0?.bytes) }
    guard let images, let bytes else { return }
    metrics.withLock { $0?.set(images: images, bytes: bytes) }
  }

  // MARK: Stop

  /// Writes what waits and the COCO files, and closes the folder. A disk that hangs does not hold the process up for longer
  /// than `timeout`.
  package func close(within timeout: Duration = .seconds(10)) async {
    waiting.withLock { $0.isClosed = true }
    queue.async {
      self.withFolder { folder throws(FileFault) in try folder.write() }
      self.folder.withLock { $0 = nil }
      self.waiting.withLock { $0.isFinished = true }
    }
    // A task of its own, because sleep does not wait in a cancelled one.
    let isFinished = await Task {
      let end = ContinuousClock.now.advanced(by: timeout)
      while ContinuousClock.now < end {
        if waiting.withLock(\.isFinished) { return true }
        try? await Task.sleep(for: .milliseconds(10))
      }
      return false
    }.value
    guard !isFinished else { return }
    logger.warning("the folder of kept images does not respond", metadata: ["folder": "\(path)"])
  }
}
