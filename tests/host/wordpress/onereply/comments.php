<?php
// What a classic theme includes for the comments of a post, with the names that themes give them to lay them out by.
?>
<div id="comments" class="comments-area default-max-width">
  <?php echo OneReply\thread(get_post()); ?>
</div>
