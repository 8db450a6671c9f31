import COCO
import Engine
import YOLOX

extension Model {
  /// What the network finds in all pictures of `annotations`, with the authors' settings for evaluation unless others
  /// are given.
  func results(
    for annotations: Annotations, in folder: String, pool: WorkerPool,
    options: DetectionOptions = DetectionOptions(
      scoreThreshold: 0.01, nmsThreshold: 0.65, maxDetections: 1000)
  ) throws -> [DetectionRecord] {
    let categoryIDs = annotations.categoryIDs
    guard categoryIDs.count == labels.count else {
      throw CLIError(
        "the annotations have \(categoryIDs.count) categories and the network \(labels.count) classes")
    }
    var predictor = Predictor(self, pool: pool)
    var progress = ProgressBar(label: "pictures", total: annotations.images.count)
    var rows: [DetectionRecord] = []
    for image in annotations.images {
      let path = folder + "/" + image.fileName
      do {
        rows += try predictor.detect(PictureFiles.open(path), options: options).map {
          $0.result(imageID: image.id, category: categoryIDs[$0.classID])
        }
      } catch { throw CLIError("\(path): \(error)") }
      progress.advance()
    }
    progress.finish()
    return rows
  }
}
