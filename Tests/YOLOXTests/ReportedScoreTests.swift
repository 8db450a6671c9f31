import Testing
import YOLOX

/// Responses have scores with four decimals; `DetectionOptions` have them as the network gives them.
@Suite("Thresholds for reported scores")
struct ReportedScoreTests {
  private func reported(_ score: Float) -> Double {
    LabelledDetection(
      Detection(classID: 0, score: score, box: Box(x1: 0, y1: 0, x2: 1, y2: 1)), labels: ["a"]
    ).score
  }

  @Test("the minimum is the lowest score that is reported as the threshold")
  func everyReportedScore() {
    for step in 1...10_000 {
      let threshold = Double(step) / 10_000
      let score = LabelledDetection.minScore(reportedAtLeast: Float(threshold))
      #expect(reported(score) >= threshold && reported(score.nextDown) < threshold, "\(threshold)")
    }
  }

  /// Thresholds below the reported decimals once took seconds each.
  @Test(
    "any threshold takes no time, and keeps scores that reach it",
    arguments: [
      0, Float.leastNonzeroMagnitude, 1e-30, 1e-12, 1e-6, 1e-5, 0.00004, 0.00006, 0.12345, 0.999999, 1,
    ])
  func anyThreshold(threshold: Float) {
    let start = ContinuousClock.now
    let score = LabelledDetection.minScore(reportedAtLeast: threshold)
    #expect(start.duration(to: .now) < .seconds(1))
    #expect(score >= 0 && score <= threshold)
    #expect(score == threshold || reported(score) >= Double("\(threshold)") ?? 0)
  }
}
