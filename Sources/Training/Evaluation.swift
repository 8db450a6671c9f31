import COCO
import Checkpoints
import Engine
import Imaging
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Measures weights as they will be served: through the inference engine and COCO's evaluation.
package struct Evaluation {
  package let dataset: DetectionDataset

  package init(dataset: DetectionDataset) { self.dataset = dataset }

  package func callAsFunction(_ weights: PretrainedWeights, pool: WorkerPool) throws -> Summary {
    let model = try Model(weights)
    var predictor = Predictor(model, pool: pool)
    let options = DetectionOptions(scoreThreshold: 0.01, nmsThreshold: 0.65, maxDetections: 1000)
    let categoryIDs = dataset.annotations.categoryIDs
    var rows: [Result] = []
    for entry in dataset.entries {
      let picture = try Image(decoding: [UInt8](Data(contentsOf: URL(filePath: entry.path))))
      rows += predictor.detect(picture, options: options).map { detection in
        let box = detection.box
        return Result(
          imageID: entry.imageID, categoryID: categoryIDs[detection.classID],
          box: [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1].map { Double($0) },
          score: Double(detection.score))
      }
    }
    return Evaluator(annotations: dataset.annotations, results: rows).summary()
  }
}
