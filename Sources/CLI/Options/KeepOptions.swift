import ArgumentParser
import ControlGroup
import Logging
import Service
import YOLOX

/// Keeping images for relabelling.
struct KeepOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Keep images with unsure detections in this folder, to relabel them.",
      discussion: """
        Made for the service's user alone if it does not exist; otherwise it must be empty or one of an earlier start. \
        DIR/MODEL is a data set for 'yolox-train --data' and, as COCO, for CVAT and Label Studio. The images are kept as \
        they were sent, with their metadata: see 'Kept images' in docs/security.md.
        """, valueName: "dir"), completion: .directory)
  var keep: String?

  @Option(help: "Lowest score of a detection for which an image is kept, and of its boxes.")
  var keepMinScore = KeepRules().scores.lowerBound

  @Option(help: "Highest score of a detection for which an image is kept.")
  var keepMaxScore = KeepRules().scores.upperBound

  @Option(
    help: ArgumentHelp(
      "Labels of detections whose scores count, such as person,car. Default: all.", valueName: "labels"))
  var keepClasses: String?

  @Option(help: "Share of all images to consider, 0 to 1.")
  var keepSampleRate = KeepRules().sampleRate

  @Option(help: "Maximum bytes of the folder; the oldest images are removed for new ones.")
  var keepMaxBytes = KeepRules().maxBytes

  @Option(help: "Days after which a kept image is removed; 0 for never.")
  var keepMaxDays = 30.0

  func validate() throws {
    try requireInRange("--keep-min-score", keepMinScore, 0...1)
    try requireInRange("--keep-max-score", keepMaxScore, 0...1)
    guard keepMinScore <= keepMaxScore else {
      throw ValidationError("--keep-min-score must be at most --keep-max-score, which is \(keepMaxScore)")
    }
    try requireInRange("--keep-sample-rate", keepSampleRate, 0...1)
    try requireInRange("--keep-max-days", keepMaxDays, 0...36500)
    try requirePositive([("--keep-max-bytes", keepMaxBytes)])
    if keep?.isEmpty == true { throw ValidationError("--keep must name a folder") }
  }

  /// - Returns: `nil` without `--keep`.
  func keeper(logger: Logger) throws -> ImageKeeper? {
    guard let keep else { return nil }
    var rules = KeepRules()
    rules.scores = keepMinScore...keepMaxScore
    rules.classes = Set(keepClasses.map(Model.classNames) ?? [])
    rules.sampleRate = keepSampleRate
    rules.maxBytes = keepMaxBytes
    rules.maxAge = keepMaxDays > 0 ? .seconds(keepMaxDays * 86400) : nil
    let memory = MemoryBudgets(limit: ControlGroup.current.memoryLimit).bodies
    return try CLIError.naming("--keep") {
      try ImageKeeper(keep, rules: rules, maxWaitingBytes: memory / 4, logger: logger)
    }
  }
}
