import Checkpoints
import Foundation
import TestSupport
import Testing
import YOLOX

/// Three steps of COCO's yolox_nano on four photographs against the authors' code in float64.
@Suite(
  "Against the authors' training", .computing,
  .sharedData("weights/yolox_nano.pth", "golden/training_nano.safetensors"))
struct GoldenTrainingTests {
  private func reference() throws -> TrainingReference {
    let tensors = try Checkpoint.open(SharedData.url("golden/training_nano.safetensors").path).tensors
    return try TrainingReference(
      weights: PretrainedWeights(contentsOf: SharedData.url("weights/yolox_nano.pth").path),
      images: #require(tensors["images"]), tensors: tensors, isSketched: false,
      tolerance: (cosine: 0.995, length: 0.03))
  }

  @Test("losses of three steps, movement of weights and averages", arguments: [true, false])
  func threeSteps(usesL1: Bool) throws { try reference().compareThreeSteps(usesL1: usesL1) }

  @Test("SimOTA gives the same anchors to the same objects")
  func assignment() throws { try reference().compareAssignment() }
}
