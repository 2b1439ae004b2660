<?php
// The comments template of classic themes, with the class names that themes use for layout.
?>
<div id="comments" class="comments-area default-max-width">
  <?php echo OneReply\thread(get_post()); ?>
</div>
